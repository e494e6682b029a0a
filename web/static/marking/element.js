// Make an element with its attributes and children in one call.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false && value !== "") made.setAttribute(attribute, value);
  }
  made.append(...children);
  return made;
}

/** A button that gives the focus back after a click, so that keys reach the screen and not the button. */
export function button(attributes, children, clicked) {
  const made = element("button", { type: "button", ...attributes }, ...children);
  made.addEventListener("click", (event) => {
    if (event.detail > 0) made.blur(); // pressed with a pointer; a keyboard user keeps the place
    clicked(event);
  });
  return made;
}

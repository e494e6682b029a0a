// A short text asked for in a small dialog: the words of an annotation, a question for the leader.

const $ = (id) => document.getElementById(id);

/** The text, or null where the person went back. */
export function askText(title, hint = "") {
  return new Promise((resolve) => {
    const dialog = $("ask");
    $("ask-title").textContent = title;
    $("ask-hint").textContent = hint;
    $("ask-text").value = "";
    dialog.returnValue = "";
    dialog.showModal();
    $("ask-text").focus();
    dialog.addEventListener("close", () => {
      if (document.activeElement) document.activeElement.blur();
      resolve(dialog.returnValue === "ok" ? $("ask-text").value : null);
    }, { once: true });
  });
}

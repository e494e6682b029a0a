// "Check only" keeps the chosen file in the form: the answer of the server replaces the preview above it.

for (const form of document.querySelectorAll("form[data-preview]")) {
  const place = document.getElementById(form.dataset.preview);
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.name === "confirm") return;
    event.preventDefault();
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      const response = await fetch(form.action, { method: "POST", body: new FormData(form), credentials: "same-origin" });
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      const shown = answer.getElementById(form.dataset.preview) ?? answer.querySelector("main");
      place.replaceChildren(...shown.childNodes);
      place.scrollIntoView({ block: "nearest" });
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  });
}

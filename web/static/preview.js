// "Check only" keeps the chosen file in the form: the answer of the server replaces the preview above it. An import of
// staff answers with the file of first passwords, which is saved and told of; any other import goes on as forms do.

function save(blob, disposition) {
  const coded = /filename\*=UTF-8''([^;]+)/.exec(disposition);
  const plain = /filename="?([^";]+)/.exec(disposition);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = coded ? decodeURIComponent(coded[1]) : plain ? plain[1] : "file";
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

for (const form of document.querySelectorAll("form[data-preview]")) {
  const place = document.getElementById(form.dataset.preview);
  const saved = document.querySelector("[data-saved]");
  form.addEventListener("submit", async (event) => {
    const { submitter } = event;
    if (submitter?.name === "confirm" && !saved) return;
    event.preventDefault();
    const buttons = form.querySelectorAll("button");
    const body = new FormData(form);
    if (submitter?.name) body.append(submitter.name, submitter.value);
    for (const button of buttons) button.disabled = true;
    if (saved) saved.hidden = true;
    try {
      const response = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
      const disposition = response.headers.get("Content-Disposition");
      if (disposition) {
        save(await response.blob(), disposition);
        place.replaceChildren();
        form.reset();
        saved.hidden = false;
        return;
      }
      const answer = new DOMParser().parseFromString(await response.text(), "text/html");
      const said = response.redirected ? answer.querySelectorAll("main > .note") : null;
      const shown = answer.getElementById(form.dataset.preview) ?? answer.querySelector("main");
      place.replaceChildren(...(said ?? shown.childNodes));
      place.scrollIntoView({ block: "nearest" });
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  });
}

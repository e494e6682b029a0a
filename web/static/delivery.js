// Sends scans one file at a time, so that a large delivery shows its progress and can go on where it stopped.

import { call, fill } from "./api.js";

for (const form of document.querySelectorAll("form[data-delivery]")) {
  const panel = form.querySelector("[data-progress]");
  const text = panel.querySelector("[data-text]");
  const bar = panel.querySelector("progress");
  const button = form.querySelector("button");
  let delivery = null;
  let sent = 0;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const files = [...form.elements.files.files].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    button.disabled = true;
    panel.hidden = false;
    bar.max = files.length;
    try {
      if (delivery === null) {
        const asked = { name: form.elements.name.value, duplex: !form.elements.separate.checked };
        delivery = (await call("POST", form.dataset.delivery, asked)).delivery;
      }
      for (; sent < files.length; sent += 1) {
        bar.value = sent;
        text.textContent = fill(text.dataset.sending, { done: sent, total: files.length });
        const body = new FormData();
        body.append("file", files[sent], files[sent].name);
        await call("POST", `/api/v1/deliveries/${delivery}/files`, body);
      }
      bar.value = sent;
      const { job } = await call("POST", `/api/v1/deliveries/${delivery}/start`);
      window.location.assign(`/jobs/${job}`);
    } catch (error) {
      text.textContent = `${error.message} ${error.remedy ?? text.dataset.failed}`;
      button.disabled = false;
    }
  });
  form.elements.files.addEventListener("change", () => {
    delivery = null;
    sent = 0;
  });
}

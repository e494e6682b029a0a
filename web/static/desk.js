// Keys of the exceptions desk: the page zooms with a click or Z, N goes on, the wall is worked with letters and Enter.

for (const view of document.querySelectorAll("[data-zoom]")) {
  view.addEventListener("click", () => view.classList.toggle("zoomed"));
}
for (const input of document.querySelectorAll("[data-select]")) input.select();

const isField = (target) => target.matches("input, select, textarea");

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "z") document.querySelector("[data-zoom]")?.classList.toggle("zoomed");
  const link = document.querySelector(`a[data-key="${CSS.escape(key)}"]`);
  if (link) link.click();
});

const answers = [...document.querySelectorAll("[data-answer]")];
answers.forEach((input, index) => {
  const sure = input.closest("li").querySelector('input[type="checkbox"]');
  input.addEventListener("focus", () => input.select());
  input.addEventListener("input", () => {
    input.value = input.value.toUpperCase();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.repeat) return;
    event.preventDefault();
    sure.checked = true;
    const next = answers[index + 1];
    if (next) next.focus();
    else input.form.querySelector("button.main").focus();
  });
});
answers[0]?.focus();
document.querySelector("[data-all]")?.addEventListener("click", () => {
  for (const box of document.querySelectorAll('.wall input[type="checkbox"]')) box.checked = true;
});

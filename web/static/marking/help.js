// The list of keys and the settings: written from the bindings themselves, so that it always says what is true.
import { button, element } from "./element.js";
import { assign, bindings, chord, commands, isComposing, label, MAPS } from "./keys.js";

const $ = (id) => document.getElementById(id);

export class Help {
  /** `instant` is whether the group allows it; `changed()` is called after every change of a habit. */
  constructor(config, habits, text, { instant, changed }) {
    Object.assign(this, { config, habits, text, instant, changed });
    this.waiting = null;
    this.bindForm();
    $("help-close").addEventListener("click", () => $("help").close());
    $("keys-reset").addEventListener("click", () => { delete this.habits.kept.keys[this.habits.kept.map]; this.apply(); });
    $("help").addEventListener("keydown", (event) => this.catch(event), { capture: true });
    $("help").addEventListener("close", () => {
      this.waiting = null;
      // A field of a closed dialog keeps the focus until the next frame, and would swallow the next key.
      if (document.activeElement) document.activeElement.blur();
    });
    this.hint();
  }

  open() {
    this.waiting = null;
    $("keys-said").textContent = "";
    this.draw();
    $("help").showModal();
    $("help").scrollTop = 0;
  }

  labels(keys) {
    return keys.map((key) => element("kbd", {}, label(key, this.config.key_names)));
  }

  draw() {
    const all = commands(this.habits.kept);
    const scores = all.filter(({ id }) => /^(digit|value)_/.test(id));
    const digits = scores.filter(({ id }) => id.startsWith("digit_"));
    const first = digits.flatMap(({ keys }) => keys.slice(0, 1));
    $("key-list").replaceChildren(
      element("tr", {}, element("td", {}, ...this.labels(first)), element("td", {}, this.text("key_scores")), element("td")),
      ...[...all.filter((one) => !scores.includes(one)), ...scores].map((one) => this.row(one)),
    );
    const focus = this.waiting && $("key-list").querySelector(".waiting button");
    if (focus) focus.focus();
  }

  row({ id, keys }) {
    const change = button(
      { class: "quiet change", "aria-label": `${this.text("key_change")}: ${this.config.actions[id]}` },
      [this.text(this.waiting === id ? "key_press" : "key_change")],
      () => { this.waiting = this.waiting === id ? null : id; this.draw(); },
    );
    return element("tr", { class: this.waiting === id ? "waiting" : "", "data-command": id },
      element("td", {}, ...this.labels(keys)), element("td", {}, this.config.actions[id]), element("td", {}, change));
  }

  /** The key that a command is to have from now on. */
  catch(event) {
    if (!this.waiting) return;
    const name = chord(event);
    if (!name && !isComposing(event)) return; // Shift and the like, on the way to a key
    event.preventDefault();
    event.stopPropagation();
    if (!name || event.repeat) return;
    const id = this.waiting;
    this.waiting = null;
    if (name !== "Escape" || id === "cancel") {
      const before = assign(this.habits.kept, id, name);
      $("keys-said").textContent = before ? this.text("key_taken", { action: this.config.actions[before] }) : "";
    }
    this.apply(id);
  }

  apply(id) {
    this.habits.save();
    this.draw();
    this.hint();
    this.changed();
    if (id) $("key-list").querySelector(`[data-command="${id}"] button`).focus();
  }

  /** Write the keys on the buttons of the screen. */
  hint() {
    const all = commands(this.habits.kept);
    for (const place of document.querySelectorAll("[data-key]")) {
      const found = all.find((one) => one.id === place.dataset.key);
      place.textContent = found && found.keys.length ? label(found.keys[0], this.config.key_names) : "";
      place.hidden = !place.textContent;
    }
  }

  bindForm() {
    const { kept } = this.habits;
    const { id } = this.config.group;
    $("habit-map").value = MAPS.includes(kept.map) ? kept.map : MAPS[0];
    $("habit-halves").checked = kept.halves;
    $("habit-singles").checked = kept.singles;
    $("habit-instant").checked = this.instant && kept.mode[id] === "instant";
    $("habit-instant").disabled = !this.instant;
    $("habits").addEventListener("change", () => {
      kept.map = $("habit-map").value;
      kept.halves = $("habit-halves").checked;
      kept.singles = $("habit-singles").checked;
      kept.mode[id] = $("habit-instant").checked ? "instant" : "enter";
      this.apply();
    });
  }

  get bound() {
    return bindings(this.habits.kept);
  }
}

// The last ten: what this person gave, whether the server has confirmed it, and a way to open each again.
import { button, element } from "./element.js";

const MOST = 10;
const KEPT_MS = 12 * 3600 * 1000;
const SIGNS = { waiting: "…", saved: "✓", refused: "✗", late: "✗", told: "✉", reopened: "↻" };

export class Strip {
  /** `opened(task)` asks for a response again; `offered(entry)` offers a mark that came too late to the leader. */
  constructor(list, habits, group, text, { opened, offered }) {
    Object.assign(this, { list, habits, group, text, opened, offered });
    this.entries = (habits.kept.strip[group] || []).filter((one) => one.at > Date.now() - KEPT_MS);
    this.draw();
  }

  add(entry) {
    this.entries = [entry, ...this.entries.filter((one) => one.task !== entry.task)].slice(0, MOST);
    this.save();
  }

  find(task) {
    return this.entries.find((one) => one.task === task) || null;
  }

  /** What became of a mark; one of another group is noted where that group's screen will show it. */
  mark(task, state, why = "", group = this.group) {
    const entries = group === this.group ? this.entries : this.habits.kept.strip[group] || [];
    const entry = entries.find((one) => one.task === task);
    if (!entry) return;
    Object.assign(entry, { state, why });
    this.save();
  }

  /** Keep the score that came too late, so that it can be offered to the leader. */
  keepLate(task, { parts, version }) {
    const entry = this.find(task);
    if (entry) entry.late = { parts, version };
    this.save();
  }

  /** The mark before the given one (or the last one), among those that can be opened again. */
  before(task) {
    const at = task ? this.entries.findIndex((one) => one.task === task) : -1;
    return this.entries.slice(at + 1).find((one) => !["refused", "late", "told"].includes(one.state)) || null;
  }

  /** Tasks that are done as far as this screen knows. */
  get done() {
    return new Set(this.entries.filter((one) => one.state !== "refused").map((one) => one.task));
  }

  save() {
    this.habits.kept.strip[this.group] = this.entries;
    this.habits.save();
    this.draw();
  }

  draw() {
    this.list.replaceChildren(...this.entries.map((one) => {
      const title = one.why || this.text(`strip_${one.state}`);
      const name = `#${one.task.slice(0, 5)} ${one.points} · ${title}`;
      const made = button(
        { class: one.state, title, "aria-label": name, disabled: ["refused", "told"].includes(one.state) },
        [element("span", {}, `#${one.task.slice(0, 5)}`), element("b", {}, one.points), element("i", {}, SIGNS[one.state])],
        () => (one.state === "late" ? this.offered(one) : this.opened(one.task)),
      );
      return element("li", {}, made);
    }));
  }
}

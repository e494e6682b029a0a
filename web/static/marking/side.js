// The column beside the image: score fields, total, pad, what is special about this response.
import { button, element } from "./element.js";
import { show as showPoints } from "./points.js";

const $ = (id) => document.getElementById(id);

export class Side {
  /** `act(asked, at)` does what a button says; `text` gives the page's sentences, `config` the names of flags. */
  constructor(config, text, act) {
    Object.assign(this, { config, text, act });
    this.fields = [];
    this.made = "";
    $("why").addEventListener("change", () => $("why").blur()); // the next key is a score again
    config.reasons.forEach((reason, at) => {
      const made = button({}, [element("kbd", {}, String(at + 1)), reason.name],
        (event) => act(["digit", String(at + 1)], event.timeStamp));
      $("reason-list").append(element("li", {}, made));
    });
  }

  /** Show a view, or nothing. */
  draw(view) {
    document.body.classList.toggle("asking", Boolean(view && view.asking));
    $("reasons").hidden = !(view && view.asking);
    $("submit").disabled = !view;
    $("gate").textContent = view && view.asked && view.asked.points === view.entry.total ? this.text(view.asked.doubt) : "";
    if (!view) return;
    const { item, entry } = view;
    this.build(entry, item.parts);
    this.fields.forEach(({ field, score }, at) => {
      const active = at === entry.active;
      field.className = `part${active ? " active" : ""}${entry.isSingle ? " single" : ""}${entry.texts[at] ? "" : " none"}`;
      field.setAttribute("aria-pressed", String(active));
      score.textContent = entry.texts[at] || "–";
    });
    $("total").hidden = entry.isSingle;
    $("total-score").textContent = entry.isEmpty ? "–" : showPoints(entry.total);
    $("exemplar").setAttribute("aria-pressed", String(view.exemplar));
    this.pad(entry);
  }

  /** What is said about a response once, when it comes. */
  introduce(item) {
    $("code").textContent = `#${item.task.slice(0, 5)}`;
    $("flags").replaceChildren(...item.flags.filter((flag) => this.config.flags[flag]).map((flag) => element(
      "span", { class: `chip ${flag === "reopened" ? "" : "warn"}` }, this.config.flags[flag],
    )));
    $("why-box").hidden = !item.own;
    $("why").selectedIndex = 0;
    $("earlier").textContent = item.earlier.length
      ? `${this.text("earlier")} ${item.earlier.map((mark) => mark.points).join(" · ")}` : "";
    const reason = item.problem && this.config.reasons.find((one) => one.id === item.problem.reason);
    $("problem-note").textContent = item.problem ? `${reason ? reason.name : ""} ${item.problem.note}` : "";
  }

  /** Why an own mark is changed; nothing where none was given before. */
  why(item) {
    return item.own ? { reason: $("why").value } : {};
  }

  build(entry, parts) {
    const name = JSON.stringify(parts);
    if (name === this.made) {
      this.entry = entry;
      return;
    }
    this.made = name;
    this.entry = entry;
    this.fields = parts.map((part, at) => {
      const score = element("span", { class: "part-score" });
      const field = button({}, [element("span", { class: "part-name" }, part.name), score,
        element("span", { class: "part-full" }, `/${part.points}`)], () => this.act(["part", at]));
      return { field, score };
    });
    $("parts").replaceChildren(...this.fields.map(({ field }) => field));
  }

  /** Put the focus on the active field, where single keys work only there. */
  focus() {
    const found = this.fields[this.entry ? this.entry.active : 0];
    if (found) found.field.focus();
  }

  pad(entry) {
    const part = entry.parts[entry.active];
    const few = part.max / 100 <= 12;
    const values = few ? Array.from({ length: Math.floor(part.max / 100) + 1 }, (_, at) => String(at)) : [..."0123456789"];
    const name = `${values.length}/${few}`;
    $("half").hidden = part.step % 100 === 0;
    if ($("pad").dataset.name === name) return;
    $("pad").dataset.name = name;
    $("pad").replaceChildren(...values.map((value) => button({}, [value],
      (event) => this.act([few ? "value" : "digit", value], event.timeStamp))));
  }
}

// Mark scheme, model answer and examples beside the answer: fetched when first asked for, kept open while marking goes on.
import { element } from "./element.js";

const $ = (id) => document.getElementById(id);
const KINDS = ["rubric", "reference", "examples"];

export class Panel {
  constructor(session, path, text) {
    Object.assign(this, { session, path, text });
    this.open = "";
    this.data = null;
  }

  async toggle(kind) {
    this.open = this.open === kind ? "" : kind;
    this.draw();
    if (!this.open || this.data) return;
    const { status, data } = await this.session.call("GET", this.path);
    if (status === 200) this.data = data;
    this.draw(status !== 200);
  }

  draw(failed = false) {
    $("panel").hidden = !this.open;
    for (const kind of KINDS) {
      for (const made of document.querySelectorAll(`[data-panel=${kind}]`)) made.setAttribute("aria-pressed", String(this.open === kind));
    }
    if (!this.open) return;
    const notes = (this.data ? this.data[this.open] : []).map((note) => this.note(note));
    const empty = failed ? this.text("offline") : this.data ? this.text(`no_${this.open}`) : this.text("rest_loading");
    $("panel-title").textContent = this.text(this.open);
    $("panel-body").replaceChildren(...(notes.length ? notes : [element("p", { class: "fine" }, empty)]));
  }

  note({ title, text, points, images }) {
    const made = element("article", {},
      title ? element("h3", {}, title) : "", points ? element("p", { class: "points" }, points) : "",
      ...(text ? text.split("\n").map((line) => element("p", {}, line)) : []));
    for (const { url, w, h } of images || []) {
      made.append(element("img", { src: url, width: w, height: h, alt: title || this.text(this.open), loading: "lazy" }));
    }
    return made;
  }
}

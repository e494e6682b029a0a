// Annotations being drawn: vectors in shares of the crop's width and height, so that no picture is ever sent.
// A pen draws at once, a mouse with a tool, the keyboard moves a crosshair; fingers never draw.
import { distance, picture, simplified, sizes } from "./figures.js";

export const TOOLS = ["tick", "cross", "half", "underline", "box", "text", "stamp", "pen", "eraser"];
const MOST = 200;
const MOST_BYTES = 15000; // the server takes 16 KiB for a response and 2 KiB for each
const MOST_LINE_BYTES = 1900;
const MOST_TEXT = 60;
const SMALLEST_PX = 3;
const TWO_POINTS = ["underline", "box", "pen"];

const bytes = (value) => new TextEncoder().encode(JSON.stringify(value)).length;
const share = (value) => Math.round(Math.max(0, Math.min(1, value)) * 10000) / 10000;

export class Drawing {
  /** `asks.text()` gives a text by promise, `asks.stamp()` {part, value} or null; `changed()` after every change. */
  constructor(box, { text, stamp, changed, full }) {
    Object.assign(this, { box, asks: { text, stamp }, changed, full });
    this.tool = "";
    this.shown = false;
    this.sheet = null;
    this.list = [];
    this.earlier = [];
    this.stroke = null;
    this.cross = null;
    box.addEventListener("pointerdown", (event) => this.begin(event), { capture: true });
    box.addEventListener("pointermove", (event) => this.go(event), { capture: true });
    box.addEventListener("pointerup", (event) => this.end(event), { capture: true });
    box.addEventListener("pointercancel", () => { this.stroke = null; this.draw(); }, { capture: true });
    // a pen would scroll the page like a finger: its touch is kept from the browser, its pointer events still come
    box.addEventListener("touchstart", (event) => { if (this.stroke) event.preventDefault(); }, { passive: false });
  }

  /** Begin on another response, with what was drawn on it before; `earlier` belongs to others and stays as it is. */
  open(sheet, list, earlier) {
    this.sheet = sheet;
    this.list = list.map((one) => ({ ...one }));
    this.earlier = earlier;
    this.stroke = null;
    this.cross = null;
    if (this.list.length || earlier.length) this.shown = true;
    else if (!this.tool) this.shown = false;
    this.draw();
  }

  close() {
    this.sheet = null;
    this.stroke = null;
  }

  toggle() {
    this.shown = !this.shown;
    if (!this.shown) this.choose("");
    this.draw();
  }

  choose(tool) {
    this.tool = this.tool === tool ? "" : tool;
    if (this.tool) this.shown = true;
    this.stroke = null;
    this.cross = null;
    this.draw();
  }

  undo() {
    if (!this.list.length) return false;
    this.list.pop();
    this.draw();
    return true;
  }

  // ---- pointer -----------------------------------------------------------------------------------------------

  /** Where a pointer is: the crop under it and the place in its px; null beside every crop. */
  place(event, crop = null) {
    const found = crop || this.sheet.crops.find(({ turned }) => turned.contains(event.target));
    if (!found) return null;
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(found.layer.getScreenCTM().inverse());
    return { crop: found, point: [at.x, at.y] };
  }

  begin(event) {
    const pen = event.pointerType === "pen";
    if (!this.sheet || event.pointerType === "touch" || event.button !== 0 || !(this.tool || pen)) return;
    const place = this.place(event);
    if (!place) return;
    event.preventDefault(); // the viewer leaves it alone
    event.stopPropagation();
    this.shown = true;
    this.box.setPointerCapture(event.pointerId);
    this.stroke = { tool: this.tool || "pen", crop: place.crop, points: [place.point] };
    if (this.stroke.tool === "eraser") this.sweep(place);
  }

  go(event) {
    if (!this.stroke) return;
    event.stopPropagation();
    const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const each of events.length ? events : [event]) {
      const place = this.place(each, this.stroke.crop);
      if (this.stroke.tool === "eraser") this.sweep(place);
      else this.stroke.points.push(place.point);
    }
    this.draw();
  }

  end(event) {
    if (!this.stroke) return;
    event.stopPropagation();
    const { tool, crop, points } = this.stroke;
    this.stroke = null;
    if (tool !== "eraser") this.finish(tool, crop, points);
    this.draw();
  }

  sweep({ crop, point }) {
    const reach = sizes(crop.width, crop.height).size / 2;
    const image = this.sheet.crops.indexOf(crop);
    const before = this.list.length;
    this.list = this.list.filter((one) => one.image !== image || distance(one, point, crop.width, crop.height) > reach);
    if (this.list.length !== before) this.draw();
  }

  // ---- keyboard ----------------------------------------------------------------------------------------------

  /** Move the crosshair by shares of the width; the first call puts it into the middle of what is to be seen. */
  steer(across, down) {
    if (!this.cross) {
      const crop = this.sheet.crops.find(({ turned }) => turned.getBoundingClientRect().bottom > this.box.getBoundingClientRect().top)
        || this.sheet.crops[0];
      const [seen, all] = [this.box.getBoundingClientRect(), crop.turned.getBoundingClientRect()];
      const middle = { clientX: (Math.max(seen.left, all.left) + Math.min(seen.right, all.right)) / 2,
        clientY: (Math.max(seen.top, all.top) + Math.min(seen.bottom, all.bottom)) / 2 };
      this.cross = { crop, point: this.place(middle, crop).point };
    } else {
      const { crop, point } = this.cross;
      const step = crop.width;
      let at = this.sheet.crops.indexOf(crop);
      let [x, y] = [point[0] + across * step, point[1] + down * step];
      if (y > crop.height && at + 1 < this.sheet.crops.length) [at, y] = [at + 1, 0];
      else if (y < 0 && at > 0) [at, y] = [at - 1, this.sheet.crops[at - 1].height];
      const next = this.sheet.crops[at];
      x = Math.max(0, Math.min(next.width, x));
      y = Math.max(0, Math.min(next.height, y));
      if (this.stroke && next !== this.stroke.crop) return;
      this.cross = { crop: next, point: [x, y] };
      if (this.stroke && this.stroke.tool === "pen") this.stroke.points.push([x, y]);
    }
    this.draw();
    const mark = this.sheet.element.querySelector(".crosshair");
    if (mark) mark.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** Put the tool down at the crosshair; the second time ends a line or a box. */
  press() {
    if (!this.cross) return void this.steer(0, 0);
    const { crop, point } = this.cross;
    if (this.tool === "eraser") this.sweep(this.cross);
    else if (this.stroke) {
      const { tool, points } = this.stroke;
      this.stroke = null;
      this.finish(tool, crop, [...points, point]);
    } else if (TWO_POINTS.includes(this.tool)) this.stroke = { tool: this.tool, crop, points: [point] };
    else this.finish(this.tool, crop, [point]);
    this.draw();
    return undefined;
  }

  // ---- from points to an annotation --------------------------------------------------------------------------

  async finish(tool, crop, points) {
    const { sheet } = this;
    const last = points[points.length - 1];
    if (tool === "text") {
      const asked = (await this.asks.text() || "").replace(/[\p{C}\p{Z}]+/gu, " ").trim(); // what the server would refuse
      const text = [...asked].slice(0, MOST_TEXT).join("");
      if (text && this.sheet === sheet) this.add({ ...this.annotation(tool, crop, [last]), text });
    } else if (tool === "stamp") {
      const stamp = this.asks.stamp();
      if (stamp) this.add({ ...this.annotation(tool, crop, [last]), ...stamp });
    } else {
      const made = this.annotation(tool, crop, points);
      if (made) this.add(made);
    }
    this.draw();
  }

  /** The vector of a finished stroke; null where it is too small to be meant. */
  annotation(tool, crop, points) {
    const to = ([x, y]) => [share(x / crop.width), share(y / crop.height)];
    const image = this.sheet.crops.indexOf(crop);
    const [first, last] = [points[0], points[points.length - 1]];
    const moved = Math.max(...points.map(([x, y]) => Math.hypot(x - first[0], y - first[1])));
    if (!TWO_POINTS.includes(tool)) return { kind: tool, image, at: to(last) };
    if (moved < SMALLEST_PX) return null;
    if (tool === "box") {
      const [[ax, ay], [bx, by]] = [to(first), to(last)];
      const [left, top] = [Math.min(ax, bx), Math.min(ay, by)];
      return { kind: tool, image, box: [left, top, share(Math.max(ax, bx) - left), share(Math.max(ay, by) - top)] };
    }
    if (tool === "underline") return { kind: tool, image, line: [to(first), to([last[0], first[1]])] };
    for (let tolerance = 0.7; ; tolerance *= 1.15) {
      const made = { kind: tool, image, line: simplified(points, tolerance).map(to) };
      if (bytes(made) <= MOST_LINE_BYTES) return made;
    }
  }

  add(annotation) {
    if (this.list.length >= MOST || bytes([...this.list, annotation]) > MOST_BYTES) this.full();
    else this.list.push(annotation);
  }

  // ---- showing -----------------------------------------------------------------------------------------------

  draw() {
    this.box.classList.toggle("drawing", Boolean(this.tool));
    if (this.sheet) {
      this.sheet.crops.forEach((crop, image) => {
        const on = (list) => list.filter((one) => one.image === image).map((one) => picture(one, crop.width, crop.height));
        const parts = this.shown ? [...on(this.earlier).map(faint), ...on(this.list)] : [];
        if (this.stroke && this.stroke.crop === crop && this.stroke.points.length > 1) {
          const made = this.annotation(this.stroke.tool, crop, this.stroke.points);
          if (made && this.stroke.tool !== "text" && this.stroke.tool !== "stamp") parts.push(picture(made, crop.width, crop.height));
        }
        if (this.cross && this.cross.crop === crop) parts.push(crosshair(this.cross.point, sizes(crop.width, crop.height).size));
        crop.layer.replaceChildren(...parts);
      });
    }
    this.changed();
  }
}

function faint(group) {
  group.setAttribute("opacity", "0.45");
  return group;
}

function crosshair([x, y], size) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", "crosshair");
  path.setAttribute("d", `M${x - size} ${y}h${2 * size}M${x} ${y - size}v${2 * size}`);
  return path;
}

// The answer images: fitted to the width, keeping zoom and scroll position from script to script. The next ones lie
// ready behind the current one, laid out and decoded, so that showing one is a change of class.

const STEPS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4];
const MOST_ENLARGED = 2.5; // a tiny crop blown up to the whole width helps nobody
const LOOKS = 4; // as scanned and three kinds of contrast; the classes are in marking.css
const MARGIN_PX = 16;
const SVG = "http://www.w3.org/2000/svg";

/** One response as it lies on the screen: its images, each with a layer for what is drawn on it. */
export class Sheet {
  constructor(item, alt) {
    this.task = item.task;
    this.crops = item.pictures.map((picture, at) => {
      picture.alt = item.pictures.length > 1 ? `${alt} ${at + 1}/${item.pictures.length}` : alt;
      picture.draggable = false;
      const layer = document.createElementNS(SVG, "svg");
      layer.setAttribute("viewBox", `0 0 ${picture.naturalWidth} ${picture.naturalHeight}`);
      layer.setAttribute("preserveAspectRatio", "none");
      layer.setAttribute("class", "drawn");
      layer.setAttribute("aria-hidden", "true");
      const turned = document.createElement("div");
      turned.className = "turned";
      turned.append(picture, layer);
      const box = document.createElement("div");
      box.className = "crop";
      box.append(turned);
      return { box, turned, layer, width: picture.naturalWidth, height: picture.naturalHeight };
    });
    this.element = document.createElement("div");
    this.element.className = "sheet ahead";
    this.element.append(...this.crops.map((crop) => crop.box));
  }
}

export class Viewer {
  constructor(box, kept) {
    this.box = box;
    this.kept = kept; // the person's habits: zoom and contrast outlive the page
    this.turn = 0;
    this.sheet = null;
    this.ready = new Map();
    this.hold = null;
    this.pinch = null;
    this.look(this.kept.contrast);
    box.addEventListener("pointerdown", (event) => this.grab(event));
    box.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, () => { this.hold = null; });
    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1 : -1);
    }, { passive: false });
    box.addEventListener("touchstart", (event) => this.touch(event), { passive: false });
    box.addEventListener("touchmove", (event) => this.pinched(event), { passive: false });
    for (const name of ["touchend", "touchcancel"]) box.addEventListener(name, () => { this.pinch = null; });
    new ResizeObserver(() => this.layOutAll()).observe(box);
  }

  /** Lay a response behind the current one; a second call for the same one changes nothing. */
  prepare(item, alt) {
    if (this.ready.has(item.task)) return this.ready.get(item.task);
    const sheet = new Sheet(item, alt);
    this.ready.set(item.task, sheet);
    this.layOut(sheet, 0);
    this.box.append(sheet.element);
    return sheet;
  }

  show(item, alt) {
    const sheet = this.prepare(item, alt);
    const { scrollLeft, scrollTop } = this.box;
    if (this.turn !== 0) {
      this.turn = 0; // a scan lies on its side by itself, not by habit
      this.layOut(sheet);
    }
    sheet.element.classList.remove("ahead");
    if (this.sheet && this.sheet !== sheet) this.drop(this.sheet.task);
    this.sheet = sheet;
    this.box.scrollTo(scrollLeft, scrollTop);
    return sheet;
  }

  drop(task) {
    const sheet = this.ready.get(task);
    if (!sheet) return;
    sheet.element.remove();
    this.ready.delete(task);
    if (this.sheet === sheet) this.sheet = null;
  }

  clear() {
    if (this.sheet) this.drop(this.sheet.task);
  }

  /** How many px of the screen one px of the image takes when it is fitted to the width. */
  fitted(sheet, turn) {
    const widest = Math.max(...sheet.crops.map((crop) => (turn % 180 ? crop.height : crop.width)));
    return Math.min((this.box.clientWidth - MARGIN_PX) / widest, MOST_ENLARGED);
  }

  layOutAll() {
    for (const sheet of this.ready.values()) this.layOut(sheet, sheet === this.sheet ? this.turn : 0);
  }

  layOut(sheet, turn = this.turn) {
    const factor = this.fitted(sheet, turn) * this.kept.zoom;
    for (const { box, turned, width, height } of sheet.crops) {
      const [across, down] = turn % 180 ? [height, width] : [width, height];
      box.style.width = `${across * factor}px`;
      box.style.height = `${down * factor}px`;
      turned.style.width = `${width * factor}px`;
      turned.style.height = `${height * factor}px`;
      turned.style.left = `${((across - width) / 2) * factor}px`;
      turned.style.top = `${((down - height) / 2) * factor}px`;
      turned.style.transform = turn ? `rotate(${turn}deg)` : "";
    }
  }

  /** One step larger (1) or smaller (-1), or fitted to the width (0). */
  zoom(by) {
    const now = this.kept.zoom;
    if (by === 0) this.scale(1);
    else if (by > 0) this.scale(STEPS.find((step) => step > now + 0.01) || now);
    else this.scale([...STEPS].reverse().find((step) => step < now - 0.01) || now);
  }

  /** Change the scale and keep the point at (x, y) of the box, its middle by default, where it is. */
  scale(wanted, x = this.box.clientWidth / 2, y = this.box.clientHeight / 2) {
    const zoom = Math.max(STEPS[0], Math.min(STEPS[STEPS.length - 1], wanted));
    const ratio = zoom / this.kept.zoom;
    const [left, top] = [(this.box.scrollLeft + x) * ratio - x, (this.box.scrollTop + y) * ratio - y];
    this.kept.zoom = zoom;
    this.layOutAll();
    this.box.scrollTo(left, top);
  }

  scroll(across, down) {
    this.box.scrollBy({ left: across * this.box.clientWidth, top: down * this.box.clientHeight });
  }

  rotate(by) {
    this.turn = (this.turn + by + 360) % 360;
    if (this.sheet) this.layOut(this.sheet);
  }

  look(number) {
    this.kept.contrast = number % LOOKS;
    for (let each = 0; each < LOOKS; each += 1) this.box.classList.toggle(`look-${each}`, each === this.kept.contrast);
  }

  /** A mouse drags the page; fingers scroll by themselves, two of them zoom; the pen draws (drawing.js). */
  grab(event) {
    if (event.pointerType === "touch" || event.button !== 0 || event.defaultPrevented) return;
    this.hold = { x: event.clientX + this.box.scrollLeft, y: event.clientY + this.box.scrollTop };
    this.box.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  drag(event) {
    if (this.hold) this.box.scrollTo(this.hold.x - event.clientX, this.hold.y - event.clientY);
  }

  touch(event) {
    if (event.touches.length !== 2) return;
    event.preventDefault();
    this.pinch = { apart: apart(event.touches), zoom: this.kept.zoom };
  }

  pinched(event) {
    if (!this.pinch || event.touches.length !== 2) return;
    event.preventDefault();
    const box = this.box.getBoundingClientRect();
    const [one, other] = event.touches;
    this.scale(
      (this.pinch.zoom * apart(event.touches)) / this.pinch.apart,
      (one.clientX + other.clientX) / 2 - box.left,
      (one.clientY + other.clientY) / 2 - box.top,
    );
  }
}

function apart([one, other]) {
  return Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
}

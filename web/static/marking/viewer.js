// The answer image: fitted to the width, keeping zoom and scroll position from script to script.

const STEPS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3];

export class Viewer {
  constructor(box) {
    this.box = box;
    this.zoomAt = STEPS.indexOf(1);
    this.hold = null;
    box.addEventListener("pointerdown", (event) => this.grab(event));
    box.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) box.addEventListener(name, () => { this.hold = null; });
    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1 : -1);
    }, { passive: false });
  }

  show(pictures, alt) {
    pictures.forEach((picture, at) => { picture.alt = pictures.length > 1 ? `${alt} ${at + 1}/${pictures.length}` : alt; });
    this.box.replaceChildren(...pictures);
    this.resize();
  }

  clear() {
    this.box.replaceChildren();
  }

  resize() {
    for (const picture of this.box.children) picture.style.width = `${STEPS[this.zoomAt] * 100}%`;
  }

  zoom(by) {
    this.zoomAt = by === 0 ? STEPS.indexOf(1) : Math.max(0, Math.min(STEPS.length - 1, this.zoomAt + by));
    this.resize();
  }

  scroll(share) {
    this.box.scrollBy({ top: share * this.box.clientHeight });
  }

  /** A mouse or pen drags the page; fingers scroll and pinch by themselves. */
  grab(event) {
    if (event.pointerType === "touch" || event.button !== 0) return;
    this.hold = { x: event.clientX + this.box.scrollLeft, y: event.clientY + this.box.scrollTop };
    this.box.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  drag(event) {
    if (!this.hold) return;
    this.box.scrollTo(this.hold.x - event.clientX, this.hold.y - event.clientY);
  }
}

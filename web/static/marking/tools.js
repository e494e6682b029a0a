// The bar of annotation tools: hidden until somebody draws.
import { TOOLS } from "./drawing.js";

export class Tools {
  constructor(drawing) {
    this.drawing = drawing;
    this.box = document.getElementById("tools");
  }

  draw() {
    const { tool, shown, list } = this.drawing;
    this.box.hidden = !shown;
    for (const name of TOOLS) document.getElementById(`tool-${name}`).setAttribute("aria-pressed", String(tool === name));
    document.getElementById("annotate").setAttribute("aria-pressed", String(shown));
    document.getElementById("undo").disabled = !list.length;
  }
}

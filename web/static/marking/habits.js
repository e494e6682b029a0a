// What one person likes, kept on this computer: keys, submit mode, contrast. Losing it loses comfort, never a mark.
import { MAPS } from "./keys.js";

const FRESH = { map: "row", halves: false, singles: true, mode: {}, keys: {}, strip: {}, zoom: 1, contrast: 0 };

export class Habits {
  constructor(userId) {
    this.name = `kaiyue-habits-${userId}`;
    let kept = {};
    try { kept = JSON.parse(localStorage.getItem(this.name)) || {}; } catch { /* unreadable: begin anew */ }
    this.kept = { ...FRESH, ...kept };
    if (!MAPS.includes(this.kept.map)) this.kept.map = "row";
  }

  save() {
    try { localStorage.setItem(this.name, JSON.stringify(this.kept)); } catch { /* full: only comfort is lost */ }
  }
}

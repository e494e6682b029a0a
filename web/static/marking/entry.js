// The score being typed for one response: one text for each part, one of them active. Knows no screen.
import { canGrow, hundredths, isBeginning, isLegal, show } from "./points.js";

export class Entry {
  constructor(parts, own = null) {
    this.parts = parts.map((part) => ({ ...part, max: hundredths(part.points), step: hundredths(part.step) }));
    this.texts = this.parts.map((part) => (own && own.parts[part.id]) || "");
    this.fresh = this.texts.map(Boolean); // a stored score is replaced by the first digit, not continued
    this.active = 0;
    this.last = null; // the part that the last digit went to: a half mark belongs to it
  }

  get isSingle() {
    return this.parts.length === 1;
  }

  /** One key may be the whole mark: one part of at most nine points in whole marks. */
  get allowsInstant() {
    return this.isSingle && this.parts[0].max <= 900 && this.parts[0].step % 100 === 0;
  }

  /** Add a digit to the active part; false where no legal score begins like that. */
  digit(digit) {
    const at = this.active;
    const before = this.fresh[at] ? "" : this.texts[at];
    const text = before === "0" ? digit : before + digit;
    if (!isBeginning(this.parts[at], text)) return false;
    this.texts[at] = text;
    this.fresh[at] = false;
    this.last = at;
    if (!this.isSingle && isLegal(this.parts[at], text) && !canGrow(this.parts[at], text)) this.advance();
    return true;
  }

  /** Add half a mark to the digit just typed, or take it away again. */
  half() {
    const at = this.last ?? this.active;
    const value = hundredths(this.texts[at] || "0");
    const changed = value % 100 === 50 ? value - 50 : value + 50;
    if (changed > this.parts[at].max || changed % this.parts[at].step !== 0) return false;
    this.texts[at] = show(changed);
    this.fresh[at] = false;
    this.last = at;
    return true;
  }

  /** A whole value for the active part: a key of the half-mark row, a button of the pad. */
  value(text) {
    if (!isLegal(this.parts[this.active], text)) return false;
    this.texts[this.active] = text;
    this.fresh[this.active] = false;
    this.last = this.active;
    if (!this.isSingle) this.advance();
    return true;
  }

  /** Take the last character back; false when there is none. */
  erase() {
    const at = this.texts[this.active] ? this.active : this.last;
    if (at === null || !this.texts[at]) return false;
    this.texts[at] = this.fresh[at] ? "" : this.texts[at].slice(0, -1);
    this.fresh[at] = false;
    this.active = at;
    return true;
  }

  clear() {
    this.texts = this.parts.map(() => "");
    this.fresh = this.parts.map(() => false);
    this.active = 0;
    this.last = null;
  }

  /** Whether something was typed here that a key for full marks or zero would replace. */
  isTyped(full) {
    return this.texts.some((text, at) => text !== "" && !this.fresh[at] && text !== (full ? show(this.parts[at].max) : "0"));
  }

  fill(full) {
    this.texts = this.parts.map((part) => (full ? show(part.max) : "0"));
    this.fresh = this.fresh.map(() => false);
    this.last = null;
  }

  advance() {
    if (this.active < this.parts.length - 1) this.active += 1;
  }

  /** Whether there is another part in this direction. */
  canMove(by) {
    return this.active + by >= 0 && this.active + by < this.parts.length;
  }

  move(by) {
    this.choose(Math.max(0, Math.min(this.parts.length - 1, this.active + by)));
  }

  choose(at) {
    this.active = at;
    this.last = this.texts[at] ? at : null;
  }

  /** The first part without a legal score; -1 when all have one. Empty is not zero. */
  missing() {
    return this.parts.findIndex((part, at) => !isLegal(part, this.texts[at]));
  }

  get isEmpty() {
    return this.texts.every((text) => text === "");
  }

  get total() {
    return this.texts.reduce((sum, text) => sum + (hundredths(text) || 0), 0);
  }

  get full() {
    return this.parts.reduce((sum, part) => sum + part.max, 0);
  }

  scores() {
    return Object.fromEntries(this.parts.map((part, at) => [part.id, this.texts[at]]));
  }
}

// A second look, asked for once, where experience says that fingers slip. Never a dialog: the same key again, or Enter.

const QUICK_MS = 1000;
const BOUNCE_MS = 150; // a key that bounces, or a double click, confirms nothing
const EQUAL = 4; // the fifth equal mark in a row asks

export class Gates {
  constructor() {
    this.points = null;
    this.times = 0;
  }

  /** Why the points of a view should be looked at again, as the name of a sentence; "" where nothing speaks for it. */
  doubt(view, points, now) {
    const quick = now - view.since < QUICK_MS;
    const blank = view.item.flags.includes("blank");
    if (view.overtyped) return "doubt_replace";
    if (blank && points > 0) return "doubt_blank";
    if (!blank && points === 0 && quick) return "doubt_zero";
    if (quick && this.points === points && this.times >= EQUAL) return "doubt_equal";
    return "";
  }

  /** Whether the points may go: there is no doubt, or the same doubt was answered by a second key. */
  opens(view, points, now) {
    const doubt = this.doubt(view, points, now);
    const asked = view.asked;
    if (asked && asked.points === points) return now - asked.at >= BOUNCE_MS;
    if (!doubt) return true;
    view.asked = { doubt, points, at: now };
    return false;
  }

  passed(view, points, now) {
    const quick = now - view.since < QUICK_MS;
    this.times = quick && this.points === points ? this.times + 1 : Number(quick);
    this.points = points;
  }
}

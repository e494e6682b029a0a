// One screen of a group for one person. A second one asks before it takes over; the older then sends what it has and
// stops. Tabs of one browser tell each other at once; other computers are told by the server (web/screens.py).

const ANSWER_MS = 120;

export class Seat {
  /** `number` grows with every screen that the server hands out; `lost()` is called when a newer one has taken over. */
  constructor({ user, group, number, elsewhere }, lost) {
    Object.assign(this, { number, elsewhere, lost });
    this.name = `kaiyue-seat-${user}-${group}`;
    this.taken = false;
    this.answered = null;
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(this.name) : null;
    if (this.channel) this.channel.onmessage = ({ data }) => this.hear(data);
  }

  hear({ kind, number }) {
    if (kind === "ask" && this.taken) this.tell("here");
    else if (kind === "here" && !this.taken && this.answered) this.answered(true);
    else if (kind === "taken" && number !== this.number) this.leave();
  }

  tell(kind) {
    if (this.channel) this.channel.postMessage({ kind, number: this.number });
  }

  /** Whether another screen is open: one of this browser that answers, or one of another computer. */
  async isElsewhere() {
    const known = this.known();
    const foreign = this.elsewhere !== null && !known.includes(this.elsewhere);
    this.keep(`${this.name}-known`, JSON.stringify([...known, this.number].slice(-30)));
    if (this.wasAsked()) return false;
    if (foreign) return true;
    return new Promise((resolve) => {
      this.answered = resolve;
      setTimeout(() => resolve(false), this.channel ? ANSWER_MS : 0);
      this.tell("ask");
    });
  }

  /** The person has said on the stopped screen that marking goes on here. */
  askedFor() {
    sessionStorage.setItem(this.name, "here");
  }

  wasAsked() {
    const asked = sessionStorage.getItem(this.name) === "here";
    sessionStorage.removeItem(this.name);
    return asked;
  }

  take() {
    this.taken = true;
    this.answered = null;
    this.keep(this.name, String(this.number));
    this.tell("taken");
  }

  /** Whether this screen still has the seat: a tab that slept finds out here, before it writes anything. */
  get isMine() {
    let owner = null;
    try { owner = localStorage.getItem(this.name); } catch { /* no storage: the server tells */ }
    if (this.taken && owner !== null && owner !== String(this.number)) this.leave();
    return this.taken;
  }

  leave() {
    if (!this.taken) return;
    this.taken = false;
    this.lost();
  }

  known() {
    try {
      return JSON.parse(localStorage.getItem(`${this.name}-known`)) || [];
    } catch {
      return [];
    }
  }

  keep(name, value) {
    try { localStorage.setItem(name, value); } catch { /* full: the server tells */ }
  }
}

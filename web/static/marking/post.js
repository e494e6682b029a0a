// What goes to the server and what its answers change: marks, leases, and everything that can become of them.
import { newKey } from "./outbox.js";
import { show as showPoints } from "./points.js";
import { said } from "./session.js";

const HEARTBEAT_MS = 60000;
const ASLEEP_MS = 3 * HEARTBEAT_MS; // a laptop that slept this long asks for its leases before anything else
const REFILL_AT = 4;
const CALLS = { score: ["PUT", "score"], problem: ["POST", "problem"], exemplar: ["POST", "exemplar"], late: ["POST", "late"] };
const FINAL = [400, 404, 409, 410, 422]; // sending it again would change nothing

export class Post {
  constructor(screen, config, text, base) {
    Object.assign(this, { screen, config, text, base });
  }

  begin() {
    this.beat = Date.now();
    setInterval(() => this.heartbeat(), HEARTBEAT_MS);
    document.addEventListener("visibilitychange", () => this.wake());
  }

  call(method, path, body) {
    return this.screen.session.call(method, path, body);
  }

  /** A decision to write down; its key is made here, once, so that sending it twice stores it once. */
  entry(kind, task, body, more = {}) {
    const key = newKey();
    return { key, kind, task, user: this.config.user.id, group: this.config.group.id, at: 0, body: { ...body, key }, ...more };
  }

  async send(entry) {
    const { screen } = this;
    const mine = entry.group === this.config.group.id;
    const [method, last] = CALLS[entry.kind];
    const more = ["score", "problem"].includes(entry.kind) ? { screen: screen.seat.number, ...this.wants(entry, mine) } : {};
    const { status, data } = await this.call(method, `${this.base}/tasks/${entry.task}/${last}`, { ...entry.body, ...more });
    if (status === 200) {
      this.arrived(entry, data, mine);
      return "done";
    }
    const code = data && data.error ? data.error.code : "";
    if (code === "marking.closed" || status === 403) {
      screen.notice(said(data));
      return "held"; // kept, and tried again: a pause of the group costs nobody a mark
    }
    if (!FINAL.includes(status)) return "later";
    this.refused(entry, code, said(data));
    return "refused";
  }

  /** What an answer should bring along: more responses once few are left, and nothing to say about it before that. */
  wants(entry, mine) {
    const holding = this.screen.held.filter((task) => task !== entry.task);
    return mine && holding.length <= REFILL_AT ? { holding } : { want: 0 };
  }

  arrived(entry, data, mine) {
    const { screen } = this;
    if (!["score", "problem"].includes(entry.kind)) return;
    screen.strip.mark(entry.task, "saved", "", entry.group);
    if (mine) screen.takeIn(data.refill, data.progress);
    const values = {
      points: entry.points, full: entry.full || "", number: data.progress.mine.done, code: entry.task.slice(0, 5),
    };
    document.getElementById("live").textContent = this.text(entry.kind === "score" ? "saved" : "passed_up", values);
    if (data.taken_over) screen.seat.leave();
    else if (mine && screen.deck.items.length <= REFILL_AT && !data.refill.length && !screen.view) screen.claim();
  }

  refused(entry, code, why) {
    if (entry.kind === "exemplar") return;
    const late = entry.kind === "score" && code === "marking.lease_lost";
    if (entry.kind !== "late") this.screen.strip.mark(entry.task, late ? "late" : "refused", why, entry.group);
    this.screen.notice(late ? `${why} ${this.text("late_offer")}` : why || this.text("refused"));
    if (late) this.screen.strip.keepLate(entry.task, entry.body);
    this.drop(entry.task);
  }

  // ---- leases ------------------------------------------------------------------------------------------------

  async heartbeat() {
    const { screen } = this;
    this.beat = Date.now();
    const [task, ...holding] = screen.held;
    if (!task || screen.stopped) return;
    const body = { holding, screen: screen.seat.number };
    const { status, data } = await this.call("POST", `${this.base}/tasks/${task}/heartbeat`, body);
    const code = data && data.error ? data.error.code : "";
    if (status === 200) {
      for (const one of [task, ...holding]) if (!(one in data.leases)) this.gone(one, "gone");
    } else if (code === "marking.taken_over") {
      screen.seat.leave();
    } else if ([404, 409, 410].includes(status) && !screen.outbox.has(task)) {
      this.gone(task, status === 410 ? "withdrawn" : "gone");
      await this.heartbeat(); // for the others
    }
  }

  wake() {
    if (document.visibilityState !== "visible" || !this.screen.seat.isMine) return;
    if (Date.now() - this.beat > ASLEEP_MS) this.heartbeat();
  }

  /** A response that is not ours any more: out of the deck, or off the screen with the reason. */
  gone(task, why) {
    const { screen } = this;
    const { view } = screen;
    if (screen.outbox.has(task)) return; // its own answer will say what became of it
    if (!view || view.item.task !== task) {
      if (this.drop(task) && why === "withdrawn") screen.notice(this.text("withdrawn"));
      return;
    }
    if (view.sent) return;
    const late = why === "gone" && view.entry.missing() < 0;
    const points = view.entry.missing() < 0 ? showPoints(view.entry.total) : "–";
    screen.strip.add({ task, points, state: late ? "late" : "refused", why: this.text(why), at: Date.now() });
    if (late) screen.strip.keepLate(task, { parts: view.entry.scores(), version: view.item.version });
    screen.notice(late ? `${this.text(why)} ${this.text("late_offer")}` : this.text(why));
    screen.next();
  }

  drop(task) {
    const dropped = this.screen.deck.remove(task);
    if (dropped) this.screen.viewer.drop(task);
    return dropped;
  }

  /** A score that came too late goes to the leader as a note, where the marker wants that; it never counts. */
  async offer({ task, late }) {
    this.screen.strip.mark(task, "told", this.text("late_told"));
    await this.screen.outbox.add(this.entry("late", task, late));
    this.screen.notice(this.text("late_told"));
  }

  /** Give back what nobody has looked at, even while the page is closing. */
  leave() {
    const { view, deck, outbox, seat, api } = this.screen;
    if (!seat.taken) return;
    const open = [...(view && !view.sent ? [view.item.task] : []), ...deck.holding];
    const [task, ...holding] = open.filter((one) => !outbox.has(one));
    const body = { holding, screen: seat.number };
    if (task) api.call("POST", `${this.base}/tasks/${task}/release`, body, { keepalive: true });
  }

  async imageBroken(item, status) {
    const { screen } = this;
    screen.viewer.drop(item.task);
    if (status === 401) {
      screen.deck.putBack(item);
      screen.session.ask();
    } else if ([403, 404, 410].includes(status)) {
      screen.notice(this.text("withdrawn"));
    } else if (status === 415 || status >= 500) {
      screen.notice(this.text("image_broken"));
      const body = { version: item.version, reason: "blurred", note: this.text("image_broken") };
      await screen.outbox.add(this.entry("problem", item.task, body));
    } else {
      screen.deck.putBack(item); // no network: tried again together with the next call
      setTimeout(() => screen.deck.fetchAhead(), 3000);
    }
    if (!screen.view) screen.next();
  }
}

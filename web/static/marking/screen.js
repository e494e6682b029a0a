// The marking screen: one response at a time, its score bound at the keypress to the task and image on screen.
import { Api } from "./api.js";
import { askText } from "./asking.js";
import { Deck, forget } from "./deck.js";
import { Drawing } from "./drawing.js";
import { Entry } from "./entry.js";
import { Gates } from "./gates.js";
import { Habits } from "./habits.js";
import { Help } from "./help.js";
import { chord, isComposing, isSingle, lacksNumLock, lookUp } from "./keys.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { show as showPoints } from "./points.js";
import { Post } from "./post.js";
import { Seat } from "./seat.js";
import { said, Session } from "./session.js";
import { Side } from "./side.js";
import { Strip } from "./strip.js";
import { Tools } from "./tools.js";
import { Viewer } from "./viewer.js";

const config = JSON.parse(document.getElementById("marking-config").textContent);
const $ = (id) => document.getElementById(id);
const HOLD = 8;
const DWELL_MS = 250; // keys that were meant for the last image do not reach this one
const MOST_UNSENT = 5;
const EMPTY_AGAIN_MS = 10000;
const BASE = "/api/v1/marking";
const STEER = 0.01; // of the width of the crop, for one press of an arrow key; five times that with Shift
const STEERING = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function text(id, values = {}) {
  return config.texts[id].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** Call back once the frame that shows the present state has been painted. */
function afterPaint(callback) {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); callback(); };
    port2.postMessage(null);
  });
}

/** After the next paint, or a moment later where nothing is painted because the window is hidden. */
function soon(work) {
  let done = false;
  const once = () => { if (!done) { done = true; work(); } };
  afterPaint(once);
  setTimeout(once, 120);
  return once;
}

class Screen {
  constructor() {
    this.group = config.group;
    this.habits = new Habits(config.user.id);
    this.api = new Api(config.csrf_token);
    this.session = new Session(this.api, config.user, text, {
      ended: () => { this.outbox.pause(); this.showState(); },
      begun: () => { this.outbox.resume(); this.deck.fetchAhead(); this.claim(); },
    });
    this.seat = new Seat(
      { user: config.user.id, group: this.group.id, number: config.screen.number, elsewhere: config.screen.elsewhere },
      () => this.stop(),
    );
    this.viewer = new Viewer($("viewer"), this.habits.kept);
    this.drawing = new Drawing($("viewer"), {
      text: () => askText(text("ask_words")),
      stamp: () => this.stamp(),
      changed: () => this.tools && this.tools.draw(),
      full: () => this.notice(text("drawn_full")),
    });
    this.tools = new Tools(this.drawing);
    this.side = new Side(config, text, (asked, at) => this.act(asked, at));
    this.strip = new Strip($("strip"), this.habits, this.group.id, text, {
      opened: (task) => this.reopen(task),
      offered: (entry) => this.post.offer(entry),
    });
    this.panel = new Panel(this.session, `${BASE}/groups/${this.group.id}/references`, text);
    this.post = new Post(this, config, text, BASE);
    this.deck = new Deck({
      api: this.api,
      arrived: (item) => { this.viewer.prepare(item, text("answer")); if (!this.view) this.next(); },
      broken: (item, status) => this.post.imageBroken(item, status),
    });
    this.outbox = new Outbox({
      user: config.user.id,
      send: (entry) => this.post.send(entry),
      changed: () => this.showState(),
    });
    this.gates = new Gates();
    this.view = null;
    this.claiming = false;
    this.progress = null;
  }

  async start() {
    this.bind();
    if (await this.seat.isElsewhere() && !(await this.askToTakeOver())) return;
    this.seat.take();
    await this.outbox.open();
    await this.claim();
    this.post.begin();
  }

  askToTakeOver() {
    return new Promise((resolve) => {
      $("elsewhere").showModal();
      $("elsewhere").addEventListener("cancel", (event) => event.preventDefault());
      $("take-over").addEventListener("click", () => { $("elsewhere").close(); resolve(true); });
    });
  }

  /** A newer screen has taken over: what is on its way arrives, nothing new begins. */
  stop() {
    this.outbox.stop();
    this.stopped = true;
    this.view = null;
    this.rest();
  }

  // ---- queue -------------------------------------------------------------------------------------------------

  get held() {
    return [...new Set([
      ...(this.view ? [this.view.item.task] : []), ...this.deck.holding, ...this.outbox.entries.map((one) => one.task),
    ])];
  }

  async claim() {
    const unused = this.deck.items.length + (this.view ? 1 : 0);
    if (this.claiming || unused >= HOLD || this.stopped) return;
    this.claiming = true;
    const { status, data } = await this.session.call("POST", `${BASE}/groups/${this.group.id}/claim`, {
      want: HOLD - unused, holding: this.held, screen: this.seat.number,
    });
    this.claiming = false;
    if (status === 200) {
      this.takeIn(data.items, data.progress);
    } else if (status === 0 || status >= 500) {
      setTimeout(() => this.claim(), 3000);
    } else if (status !== 401) {
      this.refusedClaim = said(data);
    }
    if (!this.view) this.next();
  }

  takeIn(items, progress) {
    const again = new Set(items.filter((item) => item.flags.includes("reopened")).map((item) => item.task));
    const onScreen = this.view ? this.view.item.task : null;
    const { done } = this.strip;
    this.refusedClaim = "";
    this.deck.add(items, (task) => task === onScreen || this.outbox.has(task) || (done.has(task) && !again.has(task)));
    this.progress = progress;
    this.showProgress();
    if (!this.view) this.next();
  }

  next() {
    const item = this.stopped || this.outbox.length >= MOST_UNSENT ? null : this.deck.draw();
    if (item) this.open(item);
    else this.rest();
  }

  open(item) {
    const before = this.view;
    const view = {
      item,
      entry: new Entry(item.parts, item.own),
      shownAt: Infinity, // not painted yet: no key counts
      since: performance.now(),
      asking: false,
      exemplar: false,
      overtyped: false,
      asked: null,
    };
    this.view = view;
    document.body.classList.remove("resting");
    $("rest").hidden = true;
    const sheet = this.viewer.show(item, text("answer"));
    this.drawing.open(sheet, item.draft || (item.own && item.own.annotations) || [],
      item.earlier.flatMap((mark) => mark.annotations || []));
    this.side.introduce(item);
    this.side.draw(view);
    if (!this.habits.kept.singles) this.side.focus();
    afterPaint(() => {
      if (this.view !== view) return;
      view.shownAt = performance.now();
      document.body.dataset.task = item.task;
      document.body.dataset.painted = String(view.shownAt);
      if (before) forget(before.item);
      this.deck.fetchAhead();
    });
  }

  /** Nothing to mark at this moment, and why. */
  rest() {
    this.view = null;
    this.viewer.clear();
    this.drawing.close();
    delete document.body.dataset.task;
    document.body.classList.add("resting");
    const unsent = this.outbox.length >= MOST_UNSENT || (this.outbox.failures > 0 && this.outbox.length > 0);
    const waiting = this.claiming || this.deck.items.length > 0;
    const why = this.stopped ? "stopped" : unsent ? "network" : waiting ? "loading" : this.group.open ? "empty" : "closed";
    $("rest-title").textContent = text(`rest_${why}`);
    $("rest-line").textContent = (why === "empty" && this.refusedClaim) || text(`rest_${why}_line`);
    $("here-again").hidden = !this.stopped;
    $("rest").hidden = false;
    this.side.draw(null);
    clearTimeout(this.restTimer);
    if (["empty", "closed"].includes(why)) this.restTimer = setTimeout(() => this.claim(), EMPTY_AGAIN_MS);
  }

  // ---- keys --------------------------------------------------------------------------------------------------

  key(event) {
    const target = event.target.nodeType === 1 ? event.target : document.body;
    const at = target.closest("dialog:not([open])") ? document.body : target; // it keeps the focus for one frame
    if (at.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    if (isComposing(event)) {
      this.notice(text("composing"));
      return;
    }
    if (lacksNumLock(event) && this.habits.kept.map === "numpad") {
      event.preventDefault();
      this.notice(text("num_lock"));
      return;
    }
    const name = chord(event);
    const asked = name && (this.steering(name) || lookUp(this.bound, name));
    if (!asked) return;
    const inParts = Boolean(at.closest("#parts"));
    if (!inParts && at.closest("button, a, summary") && ["Enter", "Space"].includes(name)) return;
    if (!this.habits.kept.singles && isSingle(name) && !(inParts && ["digit", "half", "value"].includes(asked[0]))) return;
    if (/Tab$/.test(name) && !this.tabMoves(asked, at, inParts)) return;
    event.preventDefault();
    if (event.repeat && !["scroll", "zoom", "move", "steer"].includes(asked[0])) return; // a held key is no second mark
    this.act(asked, event.timeStamp);
    if (inParts && asked[0] === "move") this.side.focus();
  }

  /** While a tool is chosen, arrow keys move its crosshair and Space puts it down. */
  steering(name) {
    if (!this.view || !this.drawing.tool) return null;
    if (name === "Space") return ["press"];
    const way = STEERING[name.replace("Shift+", "")];
    const step = name.startsWith("Shift+") ? 5 * STEER : STEER;
    return way ? ["steer", way[0] * step, way[1] * step] : null;
  }

  /** Tab goes through the parts of a response, and from the last one on through the page as everywhere. */
  tabMoves([name, by], at, inParts) {
    return name === "move" && this.view && (inParts || at === document.body) && this.view.entry.canMove(by);
  }

  act([name, ...args], at = performance.now()) {
    if (name === "help") return void this.help.open();
    if (name === "zoom") return void this.viewer.zoom(args[0]);
    if (name === "turn") return void this.viewer.rotate(args[0]);
    if (name === "contrast") return void this.changeLook();
    if (name === "panel") return void this.panel.toggle(args[0]);
    if (name === "scroll") return void this.viewer.scroll(...args);
    const { view } = this;
    if (name === "back" || (name === "erase" && (!view || (view.entry.isEmpty && !view.asking)))) return void this.back();
    if (!view || view.sent || !this.seat.isMine) return undefined;
    if (this.draws(name, args)) return undefined;
    if (at - view.shownAt < DWELL_MS || view.shownAt === Infinity) return undefined;
    if (view.asking) return void this.answerProblem(view, name, args[0]);
    return void this.score(view, name, args[0]);
  }

  // ---- scoring -----------------------------------------------------------------------------------------------

  get mode() {
    const { entry } = this.view;
    if (!entry.isSingle) return "step";
    return entry.allowsInstant && (this.habits.kept.mode[this.group.id] || "enter") === "instant" ? "instant" : "enter";
  }

  score(view, name, argument) {
    const { entry } = view;
    const instant = this.mode === "instant" && ["digit", "value"].includes(name);
    let fine = true;
    if (instant) entry.clear();
    if (name === "digit") fine = entry.digit(argument);
    else if (name === "half") fine = entry.half();
    else if (name === "value") fine = entry.value(argument);
    else if (name === "erase") fine = entry.erase();
    else if (name === "move") entry.move(argument);
    else if (name === "part") entry.choose(argument);
    else if (name === "problem") view.asking = true;
    else if (name === "exemplar") view.exemplar = !view.exemplar;
    else if (name === "ask") return void this.askLeader(view);
    else if (name === "full" || name === "zero") {
      view.overtyped = view.overtyped || entry.isTyped(name === "full");
      entry.fill(name === "full");
    } else if (name === "cancel") entry.clear();
    if (["digit", "value", "erase", "cancel", "half"].includes(name)) view.overtyped = false;
    if (!fine) this.shake(text("illegal"));
    this.side.draw(view);
    if (name === "submit" || name === "full" || name === "zero" || (fine && instant)) this.commit(view);
    return undefined;
  }

  commit(view) {
    const missing = view.entry.missing();
    if (missing >= 0) {
      view.entry.choose(missing);
      this.shake(text("missing", { part: view.item.parts[missing].name }));
      this.side.draw(view);
      return;
    }
    const points = view.entry.total;
    const now = performance.now();
    if (!this.gates.opens(view, points, now)) {
      $("live").textContent = text(view.asked.doubt);
      this.side.draw(view);
      return;
    }
    this.gates.passed(view, points, now);
    this.put(view, {
      kind: "score",
      points: showPoints(points),
      full: showPoints(view.entry.full),
      body: {
        version: view.item.version,
        parts: view.entry.scores(),
        ...(this.drawing.list.length ? { annotations: this.drawing.list } : {}),
        ...this.side.why(view.item),
        dwell_ms: Math.round(now - view.since),
        image: view.item.images.length ? view.item.images[0].url.split("/").pop() : "",
      },
    });
  }

  answerProblem(view, name, argument) {
    const reason = name === "digit" ? config.reasons[Number(argument) - 1] : null;
    if (reason) this.passUp(view, reason.id, "");
    else if (name === "cancel" || name === "erase" || name === "problem") view.asking = false;
    if (!view.sent) this.side.draw(view);
  }

  async askLeader(view) {
    const question = await askText(text("ask_leader"), text("ask_leader_line"));
    if (question === null || this.view !== view || view.sent) return;
    this.passUp(view, "other", [text("question"), question.trim()].filter(Boolean).join(" ").slice(0, 500));
  }

  passUp(view, reason, note) {
    this.put(view, { kind: "problem", points: "?", body: { version: view.item.version, reason, note } });
  }

  /** Write the decision down on this computer, then move on. */
  async put(view, { kind, points, full, body }) {
    if (view.sent || !this.seat.isMine) return;
    view.sent = true;
    const { item } = view;
    const entry = this.post.entry(kind, item.task, body, { points, full });
    const kept = await this.outbox.write(entry);
    const rest = () => {
      this.strip.add({ task: item.task, points, state: "waiting", at: Date.now() });
      if (view.exemplar) this.outbox.add(this.post.entry("exemplar", item.task, {}));
      this.showState();
      this.outbox.kick();
      if (this.deck.items.length === 0 && this.outbox.failures === 0 && !this.outbox.length) this.claim();
    };
    if (!kept) { // nowhere to write it down: wait for the server before anything else is shown
      this.notice(text("no_storage"));
      rest();
      await this.outbox.gone(entry);
    }
    document.body.dataset.committed = String(performance.now());
    if (this.view === view) this.next();
    if (kept) this.catchUp = soon(rest); // the next image comes first
  }

  // ---- looking back ------------------------------------------------------------------------------------------

  /** Open the last mark again; from a reopened one, the mark before it. */
  async back() {
    if (this.catchUp) this.catchUp();
    const before = this.strip.before(this.view ? this.view.item.task : null) || null;
    if (before) await this.reopen(before.task);
  }

  async reopen(task) {
    if (this.reopening || this.stopped || (this.view && (this.view.item.task === task || this.view.sent))) return;
    this.reopening = true;
    try {
      await this.reopenOnce(task);
    } finally {
      this.reopening = false;
    }
  }

  async reopenOnce(task) {
    for (let turn = 0; this.outbox.has(task) && turn < 20; turn += 1) {
      await new Promise((resolve) => { setTimeout(resolve, 100); }); // it is on its way: wait for the answer
    }
    if (this.outbox.has(task)) return void this.notice(text("reopen_later"));
    const { status, data } = await this.session.call("POST", `${BASE}/tasks/${task}/reopen`, {});
    if (status !== 200) return void this.notice(said(data) || text("offline"));
    const item = { ...data.item, pictures: null };
    try {
      item.pictures = await this.deck.pictures(item);
    } catch {
      return void this.notice(text("offline"));
    }
    const { view } = this;
    if (view && view.sent) return undefined;
    if (view) this.deck.putBack({ ...view.item, draft: this.drawing.list });
    this.view = null; // its images are needed again
    this.strip.mark(task, "reopened");
    return void this.open(item);
  }

  // ---- drawing on the answer ---------------------------------------------------------------------------------

  /** Do what belongs to the annotation layer; false for everything else. */
  draws(name, args) {
    const { drawing } = this;
    if (name === "annotate") drawing.toggle();
    else if (name === "tool") drawing.choose(args[0]);
    else if (name === "undo") drawing.undo();
    else if (name === "steer") drawing.steer(...args);
    else if (name === "press") drawing.press();
    else if (name === "cancel" && drawing.tool) drawing.choose("");
    else return false;
    return true;
  }

  /** The stamp of the part that has just been scored. */
  stamp() {
    const { entry, item } = this.view;
    const at = entry.last !== null && entry.texts[entry.last] ? entry.last : entry.active;
    if (entry.texts[at]) return { part: item.parts[at].id, value: entry.texts[at] };
    this.notice(text("stamp_first"));
    return null;
  }

  changeLook() {
    this.viewer.look(this.habits.kept.contrast + 1);
    this.habits.save();
  }

  // ---- saying ------------------------------------------------------------------------------------------------

  showProgress() {
    const { mine, group } = this.progress;
    const number = (value) => (value === null ? "–" : value.toFixed(1));
    $("progress").textContent = text("progress", { done: mine.done, left: group.left });
    $("means").textContent = text("means", { mine: number(mine.mean), group: number(group.mean) });
  }

  showState() {
    const unsent = this.outbox.length;
    const state = this.outbox.paused ? "login" : this.outbox.failures > 0 ? "offline" : unsent > 0 ? "sending" : "synced";
    $("state").dataset.state = state;
    $("state-text").textContent = text(`state_${state}`, { count: unsent });
    if (this.view || !this.outbox.store || !this.seat.taken) return;
    if (this.outbox.length < MOST_UNSENT && this.deck.items.length) this.next();
    else this.rest();
  }

  notice(message) {
    $("notice").textContent = message;
    $("notice").hidden = false;
    clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => { $("notice").hidden = true; }, 8000);
  }

  shake(message) {
    const fields = $("parts");
    fields.classList.remove("shake");
    void fields.offsetWidth; // begin the movement anew
    fields.classList.add("shake");
    this.notice(message);
  }

  bind() {
    this.help = new Help(config, this.habits, text, {
      instant: new Entry(this.group.parts).allowsInstant,
      changed: () => { this.bound = this.help.bound; if (this.view) this.side.draw(this.view); },
    });
    this.bound = this.help.bound;
    document.addEventListener("keydown", (event) => this.key(event));
    for (const made of document.querySelectorAll("[data-act]")) {
      made.addEventListener("click", (event) => {
        if (event.detail > 0) made.blur();
        this.act(JSON.parse(made.dataset.act), event.timeStamp);
      });
    }
    $("here-again").addEventListener("click", () => { this.seat.askedFor(); window.location.reload(); });
    window.addEventListener("online", () => { this.outbox.failures = 0; this.outbox.kick(); });
    window.addEventListener("pagehide", () => {
      if (this.catchUp) this.catchUp();
      this.habits.save();
      this.post.leave();
    });
    window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  }
}

new Screen().start();

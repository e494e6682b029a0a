// The marking screen: one response at a time, its score bound at the keypress to the task and image on screen.
import { Api } from "./api.js";
import { Deck, forget } from "./deck.js";
import { Entry } from "./entry.js";
import { action, MAPS } from "./keys.js";
import { newKey, Outbox } from "./outbox.js";
import { show as showPoints } from "./points.js";
import { Viewer } from "./viewer.js";

const config = JSON.parse(document.getElementById("marking-config").textContent);
const $ = (id) => document.getElementById(id);
const HOLD = 8;
const REFILL_AT = 4;
const DWELL_MS = 250; // keys that were meant for the last image do not reach this one
const MOST_UNSENT = 5;
const HEARTBEAT_MS = 60000;
const EMPTY_AGAIN_MS = 10000;
const BASE = "/api/v1/marking";

function text(id, values = {}) {
  return config.texts[id].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** What this person likes, kept on this computer. */
class Habits {
  constructor() {
    this.name = `kaiyue-habits-${config.user.id}`;
    let kept = {};
    try { kept = JSON.parse(localStorage.getItem(this.name)) || {}; } catch { /* unreadable: begin anew */ }
    this.kept = { map: "row", halves: false, mode: {}, strip: {}, ...kept };
  }
  save() {
    try { localStorage.setItem(this.name, JSON.stringify(this.kept)); } catch { /* full: only comfort is lost */ }
  }
}

class Screen {
  constructor() {
    this.group = config.group;
    this.habits = new Habits();
    this.api = new Api(config.csrf_token);
    this.viewer = new Viewer($("viewer"));
    this.deck = new Deck({
      api: this.api,
      arrived: () => { if (!this.view) this.next(); },
      broken: (item, status) => this.imageBroken(item, status),
    });
    this.outbox = new Outbox({
      user: config.user.id,
      send: (entry) => this.send(entry),
      changed: () => this.showState(),
    });
    this.view = null;
    this.equal = { points: null, times: 0 };
    this.claiming = false;
    this.empty = false;
    this.progress = null;
    this.strip = (this.habits.kept.strip[this.group.id] || []).filter((one) => one.at > Date.now() - 12 * 3600 * 1000);
  }

  async start() {
    this.bind();
    this.drawStrip();
    await this.outbox.open();
    await this.claim();
    setInterval(() => this.heartbeat(), HEARTBEAT_MS);
  }

  // ---- queue -------------------------------------------------------------------------------------------------

  get held() {
    return [...(this.view ? [this.view.item.task] : []), ...this.deck.holding, ...this.outbox.entries.map((one) => one.task)];
  }

  async claim() {
    const unused = this.deck.items.length + (this.view ? 1 : 0);
    if (this.claiming || unused >= HOLD) return;
    this.claiming = true;
    const { status, data } = await this.call("POST", `${BASE}/groups/${this.group.id}/claim`, {
      want: HOLD - unused,
      holding: this.held,
    });
    this.claiming = false;
    if (status === 200) {
      this.takeIn(data.items, data.progress);
    } else if (status === 0 || status >= 500) {
      setTimeout(() => this.claim(), 3000);
    }
    if (!this.view) this.next();
  }

  takeIn(items, progress) {
    const done = new Set(this.strip.filter((one) => one.state !== "refused").map((one) => one.task));
    const again = new Set(items.filter((item) => item.flags.includes("reopened")).map((item) => item.task));
    const onScreen = this.view ? this.view.item.task : null;
    this.deck.add(items, (task) => task === onScreen || this.outbox.has(task) || (done.has(task) && !again.has(task)));
    this.progress = progress;
    this.empty = this.deck.items.length === 0;
    this.showProgress();
    if (!this.view) this.next();
  }

  next() {
    const item = this.outbox.length >= MOST_UNSENT ? null : this.deck.draw();
    if (!item) {
      this.rest();
      return;
    }
    this.open(item);
  }

  open(item) {
    if (this.view) forget(this.view.item);
    this.view = {
      item,
      entry: new Entry(item.parts, item.own),
      shownAt: Infinity, // not painted yet: no key counts
      since: performance.now(),
      asking: false,
      confirmed: "",
    };
    const view = this.view;
    document.body.classList.remove("resting");
    $("rest").hidden = true;
    this.viewer.show(item.pictures, text("answer"));
    this.draw();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      view.shownAt = performance.now();
      document.body.dataset.task = item.task;
      document.body.dataset.painted = String(view.shownAt);
    }));
  }

  /** Nothing to mark at this moment, and why. */
  rest() {
    this.view = null;
    this.viewer.clear();
    delete document.body.dataset.task;
    document.body.classList.add("resting");
    const unsent = this.outbox.length >= MOST_UNSENT || (this.outbox.failures > 0 && this.outbox.length > 0);
    const waiting = this.claiming || this.deck.items.length > 0;
    const [title, line] = unsent ? ["rest_network", "rest_network_line"]
      : waiting ? ["rest_loading", "rest_loading_line"]
      : this.group.open ? ["rest_empty", "rest_empty_line"] : ["rest_closed", "rest_closed_line"];
    $("rest-title").textContent = text(title);
    $("rest-line").textContent = text(line);
    $("rest").hidden = false;
    this.draw();
    clearTimeout(this.restTimer);
    if (!unsent && !waiting) this.restTimer = setTimeout(() => this.claim(), EMPTY_AGAIN_MS);
  }

  // ---- scoring -----------------------------------------------------------------------------------------------

  get mode() {
    const { entry } = this.view;
    if (!entry.isSingle) return "step";
    return entry.allowsInstant && (this.habits.kept.mode[this.group.id] || "enter") === "instant" ? "instant" : "enter";
  }

  key(event) {
    if (event.target.closest("input, textarea, select") || document.querySelector("dialog[open]")) return;
    const asked = action(event, this.habits.kept);
    if (!asked) return;
    if (event.target.closest("button, a, summary") && ["Enter", " "].includes(event.key)) return;
    const scoring = !["scroll", "zoom", "help", "move"].includes(asked[0]);
    if (event.key === "Tab" && (!this.view || this.view.entry.isSingle || event.target !== document.body)) return;
    event.preventDefault();
    if (event.repeat && scoring) return; // a held key is no second mark
    this.act(asked, event.timeStamp);
  }

  act([name, argument], at = performance.now()) {
    if (name === "help") return void $("help").showModal();
    if (name === "zoom") return void this.viewer.zoom(argument);
    if (name === "scroll") return void this.viewer.scroll(argument);
    const { view } = this;
    if (name === "back" || (name === "erase" && (!view || (view.entry.isEmpty && !view.asking)))) return void this.back();
    if (!view) return undefined;
    if (at - view.shownAt < DWELL_MS || view.shownAt === Infinity) return undefined;
    if (view.asking) return void this.answerProblem(view, name, argument);
    const { entry } = view;
    let fine = true;
    if (name === "digit") fine = entry.digit(argument);
    else if (name === "half") fine = entry.half();
    else if (name === "value") fine = entry.value(argument);
    else if (name === "erase") fine = entry.erase();
    else if (name === "move") entry.move(argument);
    else if (name === "problem") view.asking = true;
    else if (name === "full" || name === "zero") entry.fill(name === "full");
    else if (name === "cancel") { entry.texts = entry.texts.map(() => ""); entry.active = 0; }
    if (!["submit", "full", "zero"].includes(name)) { view.confirmed = ""; this.say(""); }
    if (!fine) this.shake(text("illegal"));
    this.draw();
    const commits = name === "submit" || name === "full" || name === "zero"
      || (fine && this.mode === "instant" && ["digit", "value"].includes(name));
    if (commits) this.commit(view);
    return undefined;
  }

  commit(view) {
    const missing = view.entry.missing();
    if (missing >= 0) {
      view.entry.active = missing;
      this.shake(text("missing", { part: view.item.parts[missing].name }));
      this.draw();
      return;
    }
    const doubt = this.doubt(view);
    if (doubt && view.confirmed !== doubt) {
      view.confirmed = doubt;
      this.say(text(doubt));
      this.draw();
      return;
    }
    const points = view.entry.total;
    this.equal = { points, times: this.equal.points === points ? this.equal.times + 1 : 1 };
    this.put(view, {
      kind: "score",
      points: showPoints(points),
      body: {
        version: view.item.version,
        parts: view.entry.scores(),
        annotations: [],
        dwell_ms: Math.round(performance.now() - view.since),
        image: view.item.images.length ? view.item.images[0].url.split("/").pop() : "",
      },
    });
  }

  /** A second look is asked for, once, where experience says that fingers slip. */
  doubt(view) {
    const points = view.entry.total;
    const blank = view.item.flags.includes("blank");
    const quick = performance.now() - view.since < 1000;
    if (blank && points > 0) return "doubt_blank";
    if (!blank && points === 0 && quick) return "doubt_zero";
    if (quick && this.equal.points === points && this.equal.times >= 4) return "doubt_equal";
    return "";
  }

  answerProblem(view, name, argument) {
    const reason = name === "digit" ? config.reasons[Number(argument) - 1] : null;
    if (reason) {
      this.put(view, { kind: "problem", points: "?", body: { version: view.item.version, reason: reason.id } });
    } else {
      view.asking = false;
      this.draw();
    }
  }

  /** Write the mark down on this computer, then move on. */
  async put(view, { kind, points, body }) {
    if (view.sent) return;
    view.sent = true;
    const { item } = view;
    const key = newKey();
    await this.outbox.add({
      key, kind, task: item.task, user: config.user.id, group: this.group.id, at: Date.now(), body: { ...body, key },
    });
    this.remember({ task: item.task, points, state: "waiting", at: Date.now() });
    document.body.dataset.committed = String(performance.now());
    if (this.view === view) this.next();
    if (this.deck.items.length === 0 && this.outbox.failures === 0 && !this.outbox.length) this.claim();
  }

  // ---- sending -----------------------------------------------------------------------------------------------

  async send(entry) {
    const holding = this.held.filter((task) => task !== entry.task);
    const path = `${BASE}/tasks/${entry.task}/${entry.kind === "problem" ? "problem" : "score"}`;
    const { status, data } = await this.call(entry.kind === "problem" ? "POST" : "PUT", path, { ...entry.body, holding });
    if (status === 200) {
      this.mark(entry.task, "saved");
      if (entry.group === this.group.id) this.takeIn(data.refill, data.progress);
      this.say(text("saved", { left: this.outbox.length - 1, points: this.pointsOf(entry.task) }));
      if (this.deck.items.length <= REFILL_AT && !data.refill.length && !this.view) this.claim();
      return "done";
    }
    if ([400, 404, 409, 410, 422].includes(status)) {
      this.mark(entry.task, "refused", data && data.error ? data.error.message : "");
      this.notice(data && data.error ? `${data.error.message} ${data.error.remedy}` : text("refused"));
      this.deck.remove(entry.task);
      return "refused";
    }
    return "later";
  }

  /** A call that asks for a new login, over this page, when the session has ended. */
  async call(method, path, body) {
    const answer = await this.api.call(method, path, body);
    const code = answer.data && answer.data.error && answer.data.error.code;
    if (answer.status === 403 && code === "request.forged" && await this.api.renew()) {
      return this.api.call(method, path, body);
    }
    if (answer.status === 401) this.askLogin();
    return answer;
  }

  askLogin() {
    this.outbox.pause();
    $("login-error").textContent = "";
    if (!$("login").open) $("login").showModal();
    $("login-password").focus();
    this.showState();
  }

  async logIn(event) {
    event.preventDefault();
    const password = $("login-password").value;
    const { status, data } = await this.api.call("POST", "/api/v1/session", { username: config.user.username, password });
    $("login-password").value = "";
    if (status !== 200 || data.user.id !== config.user.id) {
      $("login-error").textContent = data && data.error ? `${data.error.message} ${data.error.remedy}` : text("offline");
      return;
    }
    this.api.token = data.csrf_token;
    $("login").close();
    this.outbox.resume();
    this.deck.fetchAhead();
    this.claim();
  }

  async heartbeat() {
    const [task, ...holding] = this.held;
    if (task) await this.call("POST", `${BASE}/tasks/${task}/heartbeat`, { holding });
  }

  /** Give back what nobody has looked at, even while the page is closing. */
  leave() {
    for (const task of [...(this.view && !this.view.sent ? [this.view.item.task] : []), ...this.deck.holding]) {
      if (!this.outbox.has(task)) this.api.call("POST", `${BASE}/tasks/${task}/release`, {}, { keepalive: true });
    }
  }

  async imageBroken(item, status) {
    if (status === 401) {
      this.deck.putBack(item);
      this.askLogin();
    } else if ([403, 404, 410].includes(status)) {
      this.notice(text("withdrawn"));
    } else if (status >= 500) {
      this.notice(text("image_broken"));
      await this.call("POST", `${BASE}/tasks/${item.task}/problem`, { reason: "blurred", note: text("image_broken"), version: item.version });
    } else {
      this.deck.putBack(item); // no network: tried again together with the next call
      setTimeout(() => this.deck.fetchAhead(), 3000);
    }
    if (!this.view) this.next();
  }

  // ---- looking back ------------------------------------------------------------------------------------------

  /** Open the last mark again; from a reopened one, the mark before it. */
  async back() {
    const open = this.view ? this.strip.findIndex((one) => one.task === this.view.item.task) : -1;
    const before = this.strip.slice(open + 1).find((one) => one.state !== "refused");
    if (before) await this.reopen(before.task);
  }

  async reopen(task) {
    if (this.reopening || (this.view && this.view.item.task === task)) return;
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
    const { status, data } = await this.call("POST", `${BASE}/tasks/${task}/reopen`, {});
    if (status !== 200) {
      this.notice(data && data.error ? `${data.error.message} ${data.error.remedy}` : text("offline"));
      return;
    }
    const item = { ...data.item, pictures: null };
    item.pictures = await Promise.all(item.images.map((image) => this.deck.picture(image)));
    if (this.view && !this.view.sent) this.deck.putBack({ ...this.view.item });
    this.view = null;
    this.mark(task, "reopened");
    this.open(item);
  }

  remember(entry) {
    this.strip = [entry, ...this.strip.filter((one) => one.task !== entry.task)].slice(0, 10);
    this.saveStrip();
  }

  mark(task, state, why = "") {
    const entry = this.strip.find((one) => one.task === task);
    if (!entry) return;
    Object.assign(entry, { state, why });
    this.saveStrip();
  }

  pointsOf(task) {
    const entry = this.strip.find((one) => one.task === task);
    return entry ? entry.points : "";
  }

  saveStrip() {
    this.habits.kept.strip[this.group.id] = this.strip;
    this.habits.save();
    this.drawStrip();
  }

  // ---- drawing -----------------------------------------------------------------------------------------------

  draw() {
    const { view } = this;
    document.body.classList.toggle("asking", Boolean(view && view.asking));
    $("reasons").hidden = !(view && view.asking);
    $("parts").replaceChildren();
    $("submit").disabled = !view;
    if (!view) return;
    const { item, entry } = view;
    $("code").textContent = `#${item.task.slice(0, 5)}`;
    $("flags").replaceChildren(...item.flags.filter((flag) => config.flags[flag]).map((flag) => element("span", { class: `chip ${flag === "reopened" ? "" : "warn"}` }, config.flags[flag])));
    $("earlier").textContent = item.earlier.length ? `${text("earlier")} ${item.earlier.map((mark) => mark.points).join(" · ")}` : "";
    $("problem-note").textContent = item.problem ? `${(config.reasons.find((one) => one.id === item.problem.reason) || { name: "" }).name} ${item.problem.note}` : "";
    item.parts.forEach((part, at) => {
      const active = at === entry.active;
      const look = `part${active ? " active" : ""}${entry.isSingle ? " single" : ""}${entry.texts[at] ? "" : " none"}`;
      const field = element("button", { type: "button", class: look, "aria-pressed": String(active) },
        element("span", { class: "part-name" }, part.name),
        element("span", { class: "part-score" }, entry.texts[at] || "–"),
        element("span", { class: "part-full" }, `/${part.points}`));
      field.addEventListener("click", () => { entry.active = at; entry.last = null; this.draw(); field.blur(); });
      $("parts").append(field);
    });
    $("total").hidden = entry.isSingle;
    $("total-score").textContent = entry.texts.every((one) => one === "") ? "–" : showPoints(entry.total);
    this.drawPad(entry);
  }

  drawPad(entry) {
    const part = entry.parts[entry.active];
    const few = part.max / 100 <= 12;
    const values = few ? Array.from({ length: Math.floor(part.max / 100) + 1 }, (_, at) => String(at)) : [..."0123456789"];
    const name = `${values.length}/${few}/${part.step}`;
    $("half").hidden = part.step % 100 === 0;
    if ($("pad").dataset.name === name) return;
    $("pad").dataset.name = name;
    $("pad").replaceChildren(...values.map((value) => this.padButton(value, few)));
  }

  padButton(value, whole) {
    const button = element("button", { type: "button" }, value);
    button.addEventListener("click", (event) => {
      button.blur();
      this.act([whole ? "value" : "digit", value], event.timeStamp);
    });
    return button;
  }

  drawStrip() {
    $("strip").replaceChildren(...this.strip.map((one) => {
      const tick = { waiting: "…", saved: "✓", refused: "✗", reopened: "↻" }[one.state];
      const button = element("button", { type: "button", class: one.state, title: one.why || text(`strip_${one.state}`) },
        element("span", {}, `#${one.task.slice(0, 5)}`), element("b", {}, one.points), element("i", {}, tick));
      button.disabled = one.state === "refused";
      button.addEventListener("click", () => { button.blur(); this.reopen(one.task); });
      return element("li", {}, button);
    }));
  }

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
    if (!this.view && this.outbox.length < MOST_UNSENT && this.deck.items.length) this.next();
    else if (!this.view && this.outbox.store) this.rest();
  }

  say(message) {
    $("gate").textContent = this.view && this.view.confirmed ? text(this.view.confirmed) : "";
    $("live").textContent = message;
  }

  notice(message) {
    $("notice").textContent = message;
    $("notice").hidden = false;
    clearTimeout(this.noticeTimer);
    this.noticeTimer = setTimeout(() => { $("notice").hidden = true; }, 8000);
  }

  shake(message) {
    const side = $("parts");
    side.classList.remove("shake");
    void side.offsetWidth; // begin the movement anew
    side.classList.add("shake");
    $("live").textContent = message;
    this.notice(message);
  }

  bind() {
    document.addEventListener("keydown", (event) => this.key(event));
    const click = (id, asked) => $(id).addEventListener("click", (event) => { $(id).blur(); this.act(asked, event.timeStamp); });
    click("submit", ["submit"]);
    click("full", ["full"]);
    click("zero", ["zero"]);
    click("half", ["half"]);
    click("erase", ["erase"]);
    click("problem", ["problem"]);
    click("help-open", ["help"]);
    click("zoom-in", ["zoom", 1]);
    click("zoom-out", ["zoom", -1]);
    click("zoom-fit", ["zoom", 0]);
    config.reasons.forEach((reason, at) => {
      const button = element("button", { type: "button" }, element("kbd", {}, String(at + 1)), reason.name);
      button.addEventListener("click", (event) => { button.blur(); this.act(["digit", String(at + 1)], event.timeStamp); });
      $("reason-list").append(element("li", {}, button));
    });
    $("login-form").addEventListener("submit", (event) => this.logIn(event));
    $("login").addEventListener("cancel", (event) => event.preventDefault());
    $("help-close").addEventListener("click", () => $("help").close());
    // A field of a closed dialog keeps the focus until the next frame, and would swallow the next key.
    $("help").addEventListener("close", () => document.activeElement?.blur());
    this.bindHabits();
    window.addEventListener("online", () => { this.outbox.failures = 0; this.outbox.kick(); });
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });
  }

  bindHabits() {
    const { kept } = this.habits;
    $("habit-map").value = MAPS.includes(kept.map) ? kept.map : "row";
    $("habit-halves").checked = kept.halves;
    const entry = new Entry(this.group.parts);
    $("habit-instant").checked = entry.allowsInstant && kept.mode[this.group.id] === "instant";
    $("habit-instant").disabled = !entry.allowsInstant;
    $("habits").addEventListener("change", () => {
      kept.map = $("habit-map").value;
      kept.halves = $("habit-halves").checked;
      kept.mode[this.group.id] = $("habit-instant").checked ? "instant" : "enter";
      this.habits.save();
    });
  }
}

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) if (value) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

new Screen().start();

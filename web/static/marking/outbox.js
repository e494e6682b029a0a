// Marks on their way to the server: written down on this computer before the screen moves on, and sent until the
// server has answered. The key of each entry is made once, so that sending it twice stores it once.

const NAME = "kaiyue-marking";
const STORE = "outbox";

function idb() {
  return new Promise((resolve, reject) => {
    if (!("indexedDB" in window)) return reject(new Error("no indexedDB"));
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("blocked"));
    return undefined;
  });
}

/** `durability`: relaxed is safe from a crash of the browser, strict from a power cut as well, and slower. */
function run(database, mode, work, durability = "relaxed") {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode, { durability });
    const request = work(transaction.objectStore(STORE));
    if (mode === "readwrite" && transaction.commit) transaction.commit(); // at once: saves a round trip to the store
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

class IndexedStore {
  static async open() {
    const store = new IndexedStore();
    store.database = await idb();
    await store.all();
    return store;
  }
  put(entry, durability) { return run(this.database, "readwrite", (store) => store.put(entry), durability); }
  remove(key) { return run(this.database, "readwrite", (store) => store.delete(key)); }
  all() { return run(this.database, "readonly", (store) => store.getAll()); }
}

class LocalStore {
  async put(entry) { localStorage.setItem(`${NAME}:${entry.key}`, JSON.stringify(entry)); }
  async remove(key) { localStorage.removeItem(`${NAME}:${key}`); }
  async all() {
    return Object.keys(localStorage)
      .filter((name) => name.startsWith(`${NAME}:`))
      .map((name) => JSON.parse(localStorage.getItem(name)));
  }
}

/** A key that no other mark has; getRandomValues works without a secure context. */
export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const LONGEST_WAIT_S = 15;

export class Outbox {
  /**
   * `send(entry)` answers "done", "refused", "held" (not now, but others may go) or "later" (nothing goes now);
   * `changed()` is called whenever the length or the state changes.
   */
  constructor({ user, send, changed }) {
    Object.assign(this, { user, send, changed });
    this.entries = [];
    this.busy = false;
    this.failures = 0;
    this.timer = null;
    this.paused = false;
    this.stopped = false;
    this.lastAt = 0;
  }

  async open() {
    const local = new LocalStore();
    try {
      this.store = await IndexedStore.open();
    } catch {
      this.store = local; // private windows of some browsers have no IndexedDB
    }
    await this.load();
  }

  /** Take over whatever lies on this computer for this person. */
  async load() {
    const local = new LocalStore();
    const kept = [...(await this.store.all()), ...(this.store instanceof LocalStore ? [] : await local.all())];
    const known = new Set(this.entries.map((entry) => entry.key));
    this.entries.push(...kept.filter((entry) => entry.user === this.user && !known.has(entry.key)));
    this.entries.sort((one, other) => one.at - other.at);
    this.lastAt = Math.max(0, ...this.entries.map((entry) => entry.at));
    this.changed();
    this.kick();
  }

  get length() {
    return this.entries.length;
  }

  has(task) {
    return this.entries.some((entry) => entry.task === task);
  }

  /** Write an entry down and send it; false where this computer keeps nothing and it is only in memory. */
  async add(entry) {
    const kept = await this.write(entry);
    this.changed();
    this.kick();
    return kept;
  }

  /** Write an entry down without sending it yet. */
  async write(entry) {
    this.lastAt = Math.max(Date.now(), this.lastAt + 1); // a clock set back does not change the order
    entry.at = this.lastAt;
    let kept = true;
    try {
      await this.store.put(entry);
    } catch {
      kept = await new LocalStore().put(entry).then(() => true, () => false);
    }
    this.entries.push(entry);
    return kept;
  }

  async drop(entry) {
    this.entries = this.entries.filter((one) => one !== entry);
    this.changed();
    await this.store.remove(entry.key).catch(() => {});
    await new LocalStore().remove(entry.key).catch(() => {});
  }

  kick() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.busy && !this.paused && !this.stopped) this.work();
  }

  pause() { this.paused = true; }

  resume() {
    this.paused = false;
    this.failures = 0;
    this.kick();
  }

  /** Send nothing any more: another screen has taken over, and finds the rest on this computer. */
  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  /** Resolves once an entry has been answered. */
  async gone(entry) {
    while (this.entries.includes(entry)) await new Promise((resolve) => { setTimeout(resolve, 50); });
  }

  async work() {
    this.busy = true;
    await this.sendAll();
    this.busy = false;
  }

  async sendAll() {
    const held = new Set(); // by task: what follows an entry that is held back waits as well
    for (;;) {
      const entry = this.entries.find((one) => !held.has(one.task));
      if (!entry || this.paused || this.stopped || this.timer !== null) break;
      const outcome = await this.send(entry).catch(() => "later");
      if (outcome === "later") {
        this.wait(this.failures + 1);
        if (!entry.safe) { // it may take a while: make it safe from a power cut
          entry.safe = true;
          this.store.put(entry, "strict").catch(() => {});
        }
        return;
      }
      if (outcome === "held") {
        held.add(entry.task);
      } else {
        this.failures = 0;
        await this.drop(entry);
      }
    }
    if (held.size && !this.stopped) this.wait(0, LONGEST_WAIT_S);
  }

  wait(failures, seconds = Math.min(LONGEST_WAIT_S, 2 ** (failures - 1))) {
    this.failures = failures;
    this.timer = setTimeout(() => { this.timer = null; this.kick(); }, seconds * 1000 * (0.75 + Math.random() / 2));
    this.changed();
  }
}

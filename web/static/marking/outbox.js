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

function run(database, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
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
  put(entry) { return run(this.database, "readwrite", (store) => store.put(entry)); }
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

export class Outbox {
  /** `send(entry)` answers "done", "refused" or "later"; `changed()` is called whenever the length changes. */
  constructor({ user, send, changed }) {
    Object.assign(this, { user, send, changed });
    this.entries = [];
    this.inFlight = null;
    this.failures = 0;
    this.timer = null;
    this.paused = false;
  }

  async open() {
    const local = new LocalStore();
    try {
      this.store = await IndexedStore.open();
    } catch {
      this.store = local; // private windows of some browsers have no IndexedDB
    }
    const kept = [...(await this.store.all()), ...(this.store === local ? [] : await local.all())];
    this.entries = kept.filter((entry) => entry.user === this.user).sort((one, other) => one.at - other.at);
    this.changed();
    this.kick();
  }

  get length() {
    return this.entries.length;
  }

  has(task) {
    return this.entries.some((entry) => entry.task === task);
  }

  async add(entry) {
    try {
      await this.store.put(entry);
    } catch {
      await new LocalStore().put(entry); // the disk quota of IndexedDB is full: the older store has its own
    }
    this.entries.push(entry);
    this.changed();
    this.kick();
  }

  /** Take back an entry that has not been sent; false when it is on its way. */
  async takeBack(task) {
    const entry = this.entries.find((one) => one.task === task);
    if (!entry || this.inFlight === entry || entry.tried) return false;
    await this.drop(entry);
    return true;
  }

  async drop(entry) {
    this.entries = this.entries.filter((one) => one !== entry);
    await this.store.remove(entry.key);
    await new LocalStore().remove(entry.key);
    this.changed();
  }

  kick() {
    clearTimeout(this.timer);
    this.timer = null;
    if (!this.inFlight && !this.paused) this.next();
  }

  pause() { this.paused = true; }

  resume() {
    this.paused = false;
    this.failures = 0;
    this.kick();
  }

  async next() {
    while (this.entries.length && !this.paused && this.timer === null) {
      const entry = this.entries[0];
      this.inFlight = entry;
      entry.tried = true;
      let outcome;
      try {
        outcome = await this.send(entry);
      } catch {
        outcome = "later";
      }
      if (outcome === "later") {
        this.failures += 1;
        const wait = Math.min(15, 2 ** (this.failures - 1)) * 1000 * (0.75 + Math.random() / 2);
        this.inFlight = null;
        this.timer = setTimeout(() => { this.timer = null; this.kick(); }, wait);
        this.changed();
        return;
      }
      this.failures = 0;
      await this.drop(entry);
      this.inFlight = null;
    }
  }
}

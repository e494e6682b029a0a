// The responses that wait on this screen. Images of the next five are fetched, those of the next two are decoded.

const AHEAD = 5;
const DECODED = 2;
const TRIES = 3;

export class Deck {
  /** `arrived(item)` is called once an item's images are decoded; `broken(item, status)` when they cannot be had. */
  constructor({ api, arrived, broken }) {
    Object.assign(this, { api, arrived, broken });
    this.items = [];
  }

  get holding() {
    return this.items.map((item) => item.task);
  }

  /** Take in what the server handed out; a response that is here already is not taken twice. */
  add(items, skip) {
    for (const item of items) {
      if (this.items.some((one) => one.task === item.task) || skip(item.task)) continue;
      this.items.push({ ...item, blobs: null, pictures: null, busy: false });
    }
    this.fetchAhead();
  }

  fetchAhead() {
    this.items.slice(0, AHEAD).forEach((item, at) => this.load(item, at < DECODED));
  }

  async load(item, decode) {
    if (item.busy || item.pictures || (item.blobs && !decode)) return;
    item.busy = true;
    try {
      item.blobs = item.blobs || await Promise.all(item.images.map((image) => this.fetched(image)));
      if (decode) item.pictures = await decoded(item.blobs);
    } catch (error) {
      item.busy = false;
      if (!this.items.includes(item)) return; // withdrawn in the meantime
      this.items = this.items.filter((one) => one !== item);
      this.broken(item, error.status === undefined ? 0 : error.status);
      return;
    }
    item.busy = false;
    if (item.pictures && this.items.includes(item)) this.arrived(item);
    else if (this.items.indexOf(item) < DECODED && this.items.includes(item)) this.load(item, true);
  }

  async fetched(image) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.api.image(image.url);
      } catch (error) {
        if (attempt === TRIES || [401, 403, 404, 410].includes(error.status)) throw error;
        await new Promise((resolve) => { setTimeout(resolve, 700 * attempt); });
      }
    }
  }

  /** Fetch and decode the images of a response that is not in the deck. */
  async pictures(item) {
    return decoded(await Promise.all(item.images.map((image) => this.fetched(image))));
  }

  /** The first response whose images are decoded, taken out of the deck; null while there is none. */
  draw() {
    const at = this.items.findIndex((item) => item.pictures);
    if (at < 0) {
      this.fetchAhead();
      return null;
    }
    const [item] = this.items.splice(at, 1);
    return item;
  }

  /** Put a response in front of all others. */
  putBack(item) {
    this.items.unshift(item);
  }

  remove(task) {
    const found = this.items.find((item) => item.task === task);
    this.items = this.items.filter((item) => item !== found);
    if (found) forget(found);
    return Boolean(found);
  }
}

async function decoded(blobs) {
  return Promise.all(blobs.map(async (blob) => {
    const picture = new Image();
    picture.decoding = "sync"; // it is decoded already: paint it together with the score fields
    picture.src = URL.createObjectURL(blob);
    try {
      await picture.decode();
    } catch {
      URL.revokeObjectURL(picture.src);
      throw Object.assign(new Error("image"), { status: 415 }); // it came, and is no image
    }
    return picture;
  }));
}

/** Give the memory of a response's images back. */
export function forget(item) {
  (item.pictures || []).forEach((picture) => URL.revokeObjectURL(picture.src));
}

// The responses that wait on this screen, with their images fetched and decoded ahead of time.

const AHEAD = 5;
const TRIES = 3;

export class Deck {
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
      this.items.push({ ...item, pictures: null, loading: false });
    }
    this.fetchAhead();
  }

  fetchAhead() {
    this.items.slice(0, AHEAD).forEach((item) => this.load(item));
  }

  async load(item) {
    if (item.loading || item.pictures) return;
    item.loading = true;
    try {
      item.pictures = await Promise.all(item.images.map((image) => this.picture(image)));
      this.arrived(item);
    } catch (error) {
      this.items = this.items.filter((one) => one !== item);
      this.broken(item, error.status || 0);
    } finally {
      item.loading = false;
    }
  }

  async picture(image) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const blob = await this.api.image(image.url);
        const picture = new Image(image.w, image.h);
        picture.src = URL.createObjectURL(blob);
        await picture.decode();
        return picture;
      } catch (error) {
        if (attempt === TRIES || [401, 403, 404, 410].includes(error.status)) throw error;
        await new Promise((resolve) => { setTimeout(resolve, 700 * attempt); });
      }
    }
  }

  /** The first response whose images are ready, taken out of the deck; null while there is none. */
  draw() {
    const at = this.items.findIndex((item) => item.pictures);
    if (at < 0) return null;
    const [item] = this.items.splice(at, 1);
    this.fetchAhead();
    return item;
  }

  /** Put a response in front of all others. */
  putBack(item) {
    this.items.unshift(item);
  }

  remove(task) {
    this.items = this.items.filter((item) => item.task !== task);
  }
}

/** Give the memory of a response's images back. */
export function forget(item) {
  (item.pictures || []).forEach((picture) => URL.revokeObjectURL(picture.src));
}

// Put before Vite's client by Sidegate's broker. The window has no network: messages of the dev
// server come as answers of `app:` addresses, which the broker fetches them for.
const SharedWorker = undefined;
const WebSocket = class extends EventTarget {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;
  CONNECTING = 0;
  OPEN = 1;
  CLOSING = 2;
  CLOSED = 3;
  readyState = 0;
  #id;
  constructor(address, protocol = '') {
    super();
    const { href, pathname, search } = new URL(address);
    this.url = href;
    this.#live(pathname + search, protocol);
  }
  send(text) {
    this.#ask('send', { id: this.#id, text }).catch(() => this.#end());
  }
  close() {
    if (this.#id && this.readyState < 2) this.#ask('close', { id: this.#id }).catch(() => {});
    this.#end();
  }
  async #live(at, protocol) {
    try {
      ({ id: this.#id } = await this.#ask('open', { at, protocol }));
      if (this.readyState === 3) return this.#ask('close', { id: this.#id });
      this.readyState = 1;
      this.dispatchEvent(new Event('open'));
      while (this.readyState === 1) {
        const { messages, closed } = await this.#ask('take', { id: this.#id });
        for (const data of messages) this.dispatchEvent(new MessageEvent('message', { data }));
        if (closed) break;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    } catch {
      if (this.readyState === 0) this.dispatchEvent(new Event('error'));
    }
    this.#end();
  }
  async #ask(what, values) {
    const address = new URL(`/@sidegate/${what}?${new URLSearchParams(values)}`, import.meta.url);
    const answer = await fetch(address, { cache: 'no-store' });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }
  #end() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent('close'));
  }
};

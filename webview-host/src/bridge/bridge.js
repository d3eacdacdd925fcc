// The bridge. It runs in a script world of its own: the globals here are not the page's, and
// what a page overwrites is not seen. What reaches it from the page is a string, and the page
// may have written that string itself; what it sends to the host is a string with the nonce of
// its document in front.
(config) => {
  "use strict";
  const { exactly, beneath } = config.origins;
  const isBeneath = ([start, end]) =>
    location.origin.length > start.length + end.length &&
    location.origin.startsWith(start) &&
    location.origin.endsWith(end);
  if (!exactly.includes(location.origin) && !beneath.some(isBeneath)) return;
  if (Object.getOwnPropertyDescriptor(globalThis, "sidegateBridge") !== undefined) return;

  const host = webkit.messageHandlers[config.handler];
  const encoder = new TextEncoder();
  let nonce = null; // of the challenge last answered
  let token = null; // the document's, once the broker has minted it
  let lastId = 0; // calls of a document are numbered from one, without a gap
  let page = null; // the node that the page's script listens on
  const waiting = new Map(); // page's number -> call, until there is a token
  const inFlight = new Map(); // page's number -> id
  const numbers = new Map(); // id -> page's number

  // --- from the host

  const challenge = (fresh) => {
    nonce = fresh;
    token = null;
    lastId = 0;
    for (const number of inFlight.keys()) {
      refuse(number, "gone", "the document that asked is gone");
    }
    inFlight.clear();
    numbers.clear();
    host.postMessage(`h${nonce} ${location.href}`);
  };

  const receiveToken = (forNonce, minted) => {
    if (forNonce !== nonce) return;
    token = minted;
    const calls = [...waiting];
    waiting.clear();
    for (const [number, call] of calls) send(number, call);
  };

  const receiveReply = (forNonce, reply) => {
    if (forNonce !== nonce) return;
    const id = /^\{"id":([0-9]{1,15}),/.exec(reply);
    const number = id === null ? undefined : numbers.get(Number(id[1]));
    if (number === undefined) return; // cancelled since, or never asked
    numbers.delete(Number(id[1]));
    inFlight.delete(number);
    answer(number, reply);
  };

  // --- from the page

  const receive = (text) => {
    const message = /^([cx])([0-9]{1,15})(?:\n|$)/.exec(text);
    if (message === null) return;
    const [head, kind, number] = message;
    if (kind === "c") {
      admit(number, text.slice(head.length));
    } else {
      cancel(number);
    }
  };

  const admit = (number, json) => {
    if (waiting.has(number) || inFlight.has(number)) return;
    if (waiting.size + inFlight.size >= config.maxInFlight) {
      refuse(number, "busy", `${config.maxInFlight} calls are in flight already`);
      return;
    }
    const bytes = json.length > config.maxMessage ? Infinity : encoder.encode(json).length;
    if (bytes > config.maxMessage) {
      tooLarge(number);
      return;
    }
    const call = { json, bytes };
    if (token === null) waiting.set(number, call);
    else send(number, call);
  };

  const send = (number, { json, bytes }) => {
    const head = `c${token} ${lastId + 1}\n`; // ASCII
    if (head.length + bytes > config.maxMessage) {
      tooLarge(number);
      return;
    }
    lastId += 1;
    inFlight.set(number, lastId);
    numbers.set(lastId, number);
    host.postMessage(`m${nonce}${head}${json}`);
  };

  const cancel = (number) => {
    if (waiting.delete(number)) return;
    const id = inFlight.get(number);
    if (id === undefined) return;
    inFlight.delete(number);
    numbers.delete(id);
    host.postMessage(`m${nonce}x${token} ${id}`);
  };

  const tooLarge = (number) =>
    refuse(number, "too_large", `a message holds at most ${config.maxMessage} bytes`);

  const refuse = (number, code, message) =>
    answer(number, JSON.stringify({ id: 0, error: { code, message } }));

  const answer = (number, reply) =>
    page?.dispatchEvent(new CustomEvent("reply", { detail: `${number}\n${reply}` }));

  // --- the meeting: whichever script runs first, the second one's event finds the other

  const meet = (event) => {
    if (!(event.relatedTarget instanceof Node)) return;
    window.removeEventListener(config.channel, meet, true);
    page = event.relatedTarget;
    page.addEventListener("call", ({ detail }) => {
      if (typeof detail === "string") receive(detail);
    });
  };
  window.addEventListener(config.channel, meet, true);
  window.dispatchEvent(new Event(`${config.channel}?`));

  const bridge = { __proto__: null, challenge, token: receiveToken, reply: receiveReply };
  Object.defineProperty(globalThis, "sidegateBridge", { value: Object.freeze(bridge) });
  const early = Object.getOwnPropertyDescriptor(globalThis, "sidegateChallenge");
  if (early !== undefined) challenge(early.value);
}

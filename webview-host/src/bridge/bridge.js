// The bridge. It runs in a script world of its own: the globals here are not the page's, and
// what a page overwrites is not seen. What reaches it from the page is a string, and the page
// may have written that string itself; what it sends to the host is a string with the nonce of
// its document in front.
(config, loansOf) => {
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
  const inFlight = new Map(); // page's number -> { id, untaken, credit, hasBody }
  const numbers = new Map(); // id -> page's number
  const loans = loansOf(config, {
    __proto__: null,
    call: (of, json) => callWith(of, json),
    tell: (kind, id) => host.postMessage(`m${nonce}${kind}${token} ${id}`),
  });

  // --- from the host

  const challenge = (fresh) => {
    loans.endAll();
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

  const receiveReply = (forNonce, reply, base64) => {
    if (forNonce !== nonce) return;
    const head = /^\{"id":([0-9]{1,15}),"([a-z]+)":([0-9]{0,4})/.exec(reply);
    if (head === null) return;
    const id = Number(head[1]);
    if (loans.answer(id, reply, base64 === undefined ? undefined : fromBase64(base64))) return;
    const number = numbers.get(id);
    if (number === undefined) return; // cancelled since, or never asked
    const call = inFlight.get(number);
    if (call.kind === "d" && head[2] === "ok") {
      forget(number, call);
      lend(number, id, JSON.parse(reply).ok);
      return;
    }
    if (head[2] === "item") call.untaken += 1;
    else if (head[2] === "more") call.credit += Number(head[3]);
    else if (head[2] !== "open") forget(number, call);
    answer(number, reply, base64);
  };

  // The token stays here.
  const lend = (number, id, { token: narrowed, expires }) => {
    const port = loans.lend(number, id, narrowed, expires);
    page?.dispatchEvent(new MessageEvent("lent", { data: number, ports: [port] }));
  };

  const forget = (number, call) => {
    inFlight.delete(number);
    numbers.delete(call.id);
  };

  // --- from the page

  const receive = (text) => {
    const message = /^([cCsSxaedr])([0-9]{1,15})(?:\n|$)/.exec(text);
    if (message === null) return;
    const [head, kind, number] = message;
    if (kind === "x") cancel(number);
    else if (kind === "a") take(number);
    else if (kind === "e") end(number);
    else if (kind === "r") loans.takeBack(number);
    else admit(number, kind, text.slice(head.length));
  };

  // The core ends a host that goes on without credit: what a page says without it is not passed on.
  const take = (number) => {
    const call = inFlight.get(number);
    if (call === undefined || call.untaken === 0) return;
    call.untaken -= 1;
    host.postMessage(`m${nonce}a${token} ${call.id}`);
  };

  const end = (number) => {
    const call = inFlight.get(number);
    if (call === undefined || !call.hasBody) return;
    call.hasBody = false;
    call.credit = 0;
    host.postMessage(`m${nonce}e${token} ${call.id}`);
  };

  // WebKit's messages are text: of bytes, and of a view of some, nothing arrives.
  const chunk = (number, bytes) => {
    const call = inFlight.get(number);
    if (call === undefined || call.credit === 0) return;
    if (!(bytes instanceof ArrayBuffer)) return;
    if (bytes.byteLength === 0 || bytes.byteLength > config.maxChunk) return;
    call.credit -= 1;
    host.postMessage(`b${nonce}b${token} ${call.id}\n${toBase64(new Uint8Array(bytes))}`);
  };

  const toBase64 = (bytes) => {
    if (bytes.toBase64 !== undefined) return bytes.toBase64();
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) {
      text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }
    return btoa(text);
  };

  const fromBase64 = (text) => {
    if (Uint8Array.fromBase64 !== undefined) return Uint8Array.fromBase64(text).buffer;
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0)).buffer;
  };

  const isFull = () => waiting.size + inFlight.size + loans.inFlight() >= config.maxInFlight;

  const admit = (number, kind, json) => {
    if (waiting.has(number) || inFlight.has(number)) return;
    if (isFull()) {
      refuse(number, "busy", `${config.maxInFlight} calls are in flight already`);
      return;
    }
    const bytes = json.length > config.maxMessage ? Infinity : encoder.encode(json).length;
    if (bytes > config.maxMessage) {
      tooLarge(number);
      return;
    }
    const call = { kind, json, bytes };
    if (token === null) waiting.set(number, call);
    else send(number, call);
  };

  const send = (number, { kind, json, bytes }) => {
    const head = `${kind}${token} ${lastId + 1}\n`; // ASCII
    if (head.length + bytes > config.maxMessage) {
      tooLarge(number);
      return;
    }
    lastId += 1;
    const hasBody = kind === "C" || kind === "S";
    inFlight.set(number, { id: lastId, kind, untaken: 0, credit: 0, hasBody });
    numbers.set(lastId, number);
    host.postMessage(`m${nonce}${head}${json}`);
  };

  // For who was lent a token: the number of the call, or why there is none.
  const callWith = (lentToken, json) => {
    if (isFull()) return ["busy", `${config.maxInFlight} calls are in flight already`];
    const head = `c${lentToken} ${lastId + 1}\n`; // ASCII
    const bytes = json.length > config.maxMessage ? Infinity : encoder.encode(json).length;
    if (head.length + bytes > config.maxMessage) {
      return ["too_large", `a message holds at most ${config.maxMessage} bytes`];
    }
    lastId += 1;
    host.postMessage(`m${nonce}${head}${json}`);
    return lastId;
  };

  const cancel = (number) => {
    if (waiting.delete(number)) return;
    const call = inFlight.get(number);
    // What the core is about to lend comes, and can be taken back then.
    if (call === undefined || call.kind === "d") return;
    forget(number, call);
    host.postMessage(`m${nonce}x${token} ${call.id}`);
  };

  const tooLarge = (number) =>
    refuse(number, "too_large", `a message holds at most ${config.maxMessage} bytes`);

  const refuse = (number, code, message) =>
    answer(number, JSON.stringify({ id: 0, error: { code, message } }));

  const answer = (number, reply, base64) => {
    const text = `${number}\n${reply}`;
    const detail = base64 === undefined ? text : [text, fromBase64(base64)];
    page?.dispatchEvent(new CustomEvent("reply", { detail }));
  };

  // --- the meeting: whichever script runs first, the second one's event finds the other

  const meet = (event) => {
    if (!(event.relatedTarget instanceof Node)) return;
    window.removeEventListener(config.channel, meet, true);
    page = event.relatedTarget;
    page.addEventListener("call", ({ detail }) => {
      if (typeof detail === "string") receive(detail);
    });
    page.addEventListener("chunk", ({ detail }) => {
      if (Array.isArray(detail)) chunk(detail[0], detail[1]);
    });
  };
  window.addEventListener(config.channel, meet, true);
  window.dispatchEvent(new Event(`${config.channel}?`));

  const bridge = { __proto__: null, challenge, token: receiveToken, reply: receiveReply };
  Object.defineProperty(globalThis, "sidegateBridge", { value: Object.freeze(bridge) });
  const early = Object.getOwnPropertyDescriptor(globalThis, "sidegateChallenge");
  if (early !== undefined) challenge(early.value);
}

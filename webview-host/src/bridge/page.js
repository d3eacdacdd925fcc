// The page's side. It runs before the page does and takes hold of every function that it will
// need: what the page overwrites afterwards is not used. No iteration, no spread, no inherited
// property, no method looked up on a prototype. It holds no secret worth stealing: what it can
// ask of the bridge, the page may ask by `invoke`.
(config, sourceOf) => {
  "use strict";
  const { apply } = Reflect;
  const { asyncIterator } = Symbol;
  const tell = reportError;
  const { defineProperty, freeze } = Object;
  const { hasOwnProperty } = Object.prototype;
  const { parse, stringify } = JSON;
  const { slice, indexOf } = String.prototype;
  const { exactly, beneath } = config.origins;
  const isBeneath = ([start, end]) =>
    location.origin.length > start.length + end.length &&
    location.origin.startsWith(start) &&
    location.origin.endsWith(end);
  if (!exactly.includes(location.origin) && !beneath.some(isBeneath)) return;

  const PagePromise = Promise;
  const PageMouseEvent = MouseEvent;
  const PageCustomEvent = CustomEvent;
  const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;
  const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
  const detailOf = getter(CustomEvent.prototype, "detail");
  const dataOf = getter(MessageEvent.prototype, "data");
  const portsOf = getter(MessageEvent.prototype, "ports");
  const isAborted = getter(AbortSignal.prototype, "aborted");
  const bridge = document.createElement("link"); // in no document: only the two scripts know it
  const { channel, maxMessage, maxChunk } = config;

  class SidegateError extends Error {
    constructor(code, message) {
      super(message);
      defineProperty(this, "code", { __proto__: null, value: code, enumerable: true });
    }
  }
  defineProperty(SidegateError.prototype, "name", { __proto__: null, value: "SidegateError" });
  freeze(SidegateError.prototype);
  freeze(SidegateError);

  // number -> { done, fail, item, open, signal, abort, source, credit, isReading }
  const pending = { __proto__: null };
  let last = 0;

  const say = (text) => {
    const event = new PageCustomEvent("call", { __proto__: null, detail: text });
    apply(dispatchEvent, bridge, [event]);
  };

  const settle = (number) => {
    const call = pending[number];
    if (call === undefined) return undefined;
    delete pending[number];
    if (call.signal !== null) {
      apply(removeEventListener, call.signal, ["abort", call.abort, false]);
    }
    if (call.source !== null) call.source.stop();
    return call;
  };

  const cancel = (number) => {
    const call = settle(number);
    if (call !== undefined) say("x" + number);
    return call;
  };

  const cancelled = () => new SidegateError("cancelled", "the call was cancelled");

  const hear = (event) => {
    const heard = apply(detailOf, event, []);
    const hasBytes = typeof heard !== "string";
    const text = hasBytes ? heard[0] : heard;
    const end = apply(indexOf, text, ["\n"]);
    const number = apply(slice, text, [0, end]);
    const call = pending[number];
    if (call === undefined) return;
    const reply = parse(apply(slice, text, [end + 1]));
    const has = (name) => apply(hasOwnProperty, reply, [name]);
    if (has("item")) {
      call.item(hasBytes ? heard[1] : reply.item, number);
    } else if (has("more")) {
      call.credit += reply.more;
      upload(number, call);
    } else if (has("open")) {
      call.open();
    } else if (has("ok")) {
      settle(number).done(hasBytes ? heard[1] : reply.ok);
    } else {
      settle(number).fail(new SidegateError(reply.error.code, reply.error.message));
    }
  };
  apply(addEventListener, bridge, ["reply", hear, false]);

  // Sends as much of the body as there is credit for, one chunk after another.
  const upload = (number, call) => {
    if (call.source === null || call.isReading || call.credit === 0) return;
    const isOver = () => pending[number] !== call;
    const fail = (error) => {
      if (isOver()) return;
      cancel(number);
      call.fail(invalid("the body cannot be sent", error));
    };
    const give = (buffer) => {
      if (isOver()) return;
      call.isReading = false;
      call.credit -= 1;
      const event = new PageCustomEvent("chunk", { __proto__: null, detail: [number, buffer] });
      apply(dispatchEvent, bridge, [event]);
      upload(number, call);
    };
    const end = () => {
      if (isOver()) return;
      call.source = null;
      say("e" + number);
    };
    call.isReading = true;
    call.source.pull(maxChunk, give, end, fail);
  };

  const optionOf = (options, name) => {
    const value = options === undefined || options === null ? null : options[name];
    return value === undefined ? null : value;
  };

  // Makes a call and returns its number. `call` has `done` and `fail`, of which one is called, and
  // for a stream `open` and `item`.
  const start = (streams, command, args, options, call) => {
    if (typeof command !== "string") {
      throw new SidegateError("invalid", "a command is a string");
    }
    const signal = optionOf(options, "signal");
    if (signal !== null && apply(isAborted, signal, [])) throw cancelled();
    const json = stringify({ __proto__: null, command, args });
    if (json.length > maxMessage) {
      throw new SidegateError("too_large", "a message holds at most " + maxMessage + " bytes");
    }
    const body = optionOf(options, "body");
    const source = body === null ? null : sourceOf(body);
    if (body !== null && source === null) {
      throw new SidegateError("invalid", "a body is a buffer, a view of one, or a stream of them");
    }
    const number = "" + (last += 1);
    const abort = () => {
      if (cancel(number) !== undefined) call.fail(cancelled());
    };
    call.signal = signal;
    call.abort = abort;
    call.source = source;
    call.credit = 0;
    call.isReading = false;
    pending[number] = call;
    if (signal !== null) apply(addEventListener, signal, ["abort", abort, false]);
    const kind = streams ? (source === null ? "s" : "S") : source === null ? "c" : "C";
    say(kind + number + "\n" + json);
    return number;
  };

  const started = (fail, make) => {
    try {
      return make();
    } catch (error) {
      fail(error instanceof SidegateError ? error : invalid("the arguments cannot be written as JSON", error));
      return undefined;
    }
  };

  const invalid = (what, error) => {
    let why = what;
    try {
      why = why + ": " + error.message;
    } catch {
      // what was thrown has no message to show
    }
    return new SidegateError("invalid", why);
  };

  const invoke = (command, args, options) =>
    new PagePromise((done, fail) => {
      const call = { __proto__: null, done, fail };
      started(fail, () => start(false, command, args, options, call));
    });

  // --- streams

  const fifo = () => {
    let first = null;
    let newest = null;
    const push = (value) => {
      const node = { __proto__: null, value, next: null };
      if (first === null) first = node;
      else newest.next = node;
      newest = node;
    };
    const shift = () => {
      if (first === null) return null;
      const node = first;
      first = node.next;
      return node;
    };
    return { __proto__: null, push, shift };
  };

  const result = (value, done) => ({ __proto__: null, value, done });

  const stream = (command, args, options) => {
    const items = fifo(); // at most as many as the core sends ahead
    const wanting = fifo();
    let number = null;
    let isOver = false;
    let error = null; // told once
    const end = (why) => {
      isOver = true;
      error = why;
      for (let want = wanting.shift(); want !== null; want = wanting.shift()) {
        const failure = error;
        error = null;
        if (failure === null) want.value.resolve(result(undefined, true));
        else want.value.reject(failure);
      }
    };
    const call = {
      __proto__: null,
      open: () => {},
      item: (value, from) => {
        const want = wanting.shift();
        if (want === null) return items.push(value);
        say("a" + from);
        return want.value.resolve(result(value, false));
      },
      done: () => end(null),
      fail: end,
    };
    const next = () =>
      new PagePromise((resolve, reject) => {
        const item = items.shift();
        if (item !== null) {
          if (!isOver) say("a" + number);
          resolve(result(item.value, false));
        } else if (!isOver) {
          wanting.push({ __proto__: null, resolve, reject });
        } else if (error !== null) {
          const failure = error;
          error = null;
          reject(failure);
        } else {
          resolve(result(undefined, true));
        }
      });
    const leave = (value) =>
      new PagePromise((resolve) => {
        if (number !== null) cancel(number);
        while (items.shift() !== null);
        end(null);
        resolve(result(value, true));
      });
    const iterator = { __proto__: null, next: freeze(next), return: freeze(leave) };
    iterator[asyncIterator] = freeze(() => iterator);
    const made = started(end, () => start(true, command, args, options, call));
    number = made === undefined ? null : made;
    return freeze(iterator);
  };

  // A stream whose items go to a function of the page's. It is there once the core has said so.
  const feed = (command, args, deliver, options) =>
    new PagePromise((resolve, reject) => {
      let isOpen = false;
      const end = (error) => {
        if (!isOpen) return reject(error);
        const ended = optionOf(options, "ended");
        return typeof ended === "function" ? ended(error) : undefined;
      };
      const call = {
        __proto__: null,
        open: () => {
          isOpen = true;
          resolve(stop);
        },
        item: (value, number) => {
          say("a" + number);
          try {
            deliver(value);
          } catch (error) {
            tell(error);
          }
        },
        done: () => end(null),
        fail: end,
      };
      let number = null;
      const stop = freeze(() => {
        cancel(number);
      });
      const make = () => {
        if (typeof deliver !== "function") {
          throw new SidegateError("invalid", "what listens is a function");
        }
        number = start(true, command, args, options, call);
      };
      started(reject, make);
    });

  const listen = (key, handler, options) => {
    const overflow = optionOf(options, "overflow");
    const args = { __proto__: null, key, overflow: overflow === null ? undefined : overflow };
    return feed("events.subscribe", args, handler, options);
  };

  // --- state

  const get = (key, options) => invoke("state.get", { __proto__: null, key }, options);

  const set = (key, value, options) => {
    const version = optionOf(options, "version");
    const args = { __proto__: null, key, value, version: version === null ? undefined : version };
    return invoke("state.set", args, options);
  };

  const watch = (key, handler, options) => {
    const deliver = typeof handler !== "function" ? handler : (now) => handler(now.value, now.version);
    return feed("state.watch", { __proto__: null, key }, deliver, options);
  };

  // --- delegation

  // Somebody else's way to call, for less. The bridge holds its token.
  const delegate = (narrowing) =>
    new PagePromise((done, fail) => {
      const lent = (number, port) => done(freeze({ __proto__: null, port, revoke: revokerOf(number) }));
      const call = { __proto__: null, done, fail, lent, signal: null, source: null };
      started(fail, () => {
        const json = stringify(narrowing);
        if (typeof json !== "string" || json.length > maxMessage) {
          throw new SidegateError("invalid", "what is delegated is an object: commands, path, url, key, expires, uses");
        }
        const number = "" + (last += 1);
        pending[number] = call;
        say("d" + number + "\n" + json);
      });
    });

  const revokerOf = (number) =>
    freeze(() => {
      say("r" + number);
    });

  const hearOfLoan = (event) => {
    const number = apply(dataOf, event, []);
    const call = settle(number);
    if (call !== undefined) call.lent(number, apply(portsOf, event, [])[0]);
  };
  apply(addEventListener, bridge, ["lent", hearOfLoan, false]);

  const meet = () => {
    const event = new PageMouseEvent(channel, { __proto__: null, relatedTarget: bridge });
    apply(dispatchEvent, window, [event]);
  };
  apply(addEventListener, window, [channel + "?", meet, true]);
  meet();

  const state = freeze({ get: freeze(get), set: freeze(set), watch: freeze(watch) });
  const sidegate = freeze({
    invoke: freeze(invoke),
    stream: freeze(stream),
    listen: freeze(listen),
    delegate: freeze(delegate),
    state,
  });
  defineProperty(window, "sidegate", { __proto__: null, value: sidegate, enumerable: true });
}

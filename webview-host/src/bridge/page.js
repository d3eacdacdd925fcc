// The page's side. It runs before the page does and takes hold of every function that it will
// need: what the page overwrites afterwards is not used. No iteration, no spread, no inherited
// property, no method looked up on a prototype. It holds no secret worth stealing: what it can
// ask of the bridge, the page may ask by `invoke`.
(config) => {
  "use strict";
  const { apply } = Reflect;
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
  const isAborted = getter(AbortSignal.prototype, "aborted");
  const bridge = document.createElement("link"); // in no document: only the two scripts know it
  const { channel, maxMessage } = config;

  class SidegateError extends Error {
    constructor(code, message) {
      super(message);
      defineProperty(this, "code", { __proto__: null, value: code, enumerable: true });
    }
  }
  defineProperty(SidegateError.prototype, "name", { __proto__: null, value: "SidegateError" });
  freeze(SidegateError.prototype);
  freeze(SidegateError);

  const pending = { __proto__: null }; // number -> { resolve, reject, signal, abort }
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
    return call;
  };

  const hear = (event) => {
    const text = apply(detailOf, event, []);
    const end = apply(indexOf, text, ["\n"]);
    const call = settle(apply(slice, text, [0, end]));
    if (call === undefined) return;
    const reply = parse(apply(slice, text, [end + 1]));
    if (apply(hasOwnProperty, reply, ["ok"])) {
      call.resolve(reply.ok);
    } else {
      call.reject(new SidegateError(reply.error.code, reply.error.message));
    }
  };
  apply(addEventListener, bridge, ["reply", hear, false]);

  const signalOf = (options) => {
    const signal = options === undefined || options === null ? null : options.signal;
    return signal === undefined ? null : signal;
  };

  const start = (command, args, options, resolve, reject) => {
    if (typeof command !== "string") {
      throw new SidegateError("invalid", "a command is a string");
    }
    const signal = signalOf(options);
    if (signal !== null && apply(isAborted, signal, [])) {
      throw new SidegateError("cancelled", "the call was cancelled");
    }
    const json = stringify({ __proto__: null, command, args });
    if (json.length > maxMessage) {
      throw new SidegateError("too_large", "a message holds at most " + maxMessage + " bytes");
    }
    const number = "" + (last += 1);
    const abort = () => {
      if (settle(number) === undefined) return;
      say("x" + number);
      reject(new SidegateError("cancelled", "the call was cancelled"));
    };
    pending[number] = { __proto__: null, resolve, reject, signal, abort };
    if (signal !== null) apply(addEventListener, signal, ["abort", abort, false]);
    say("c" + number + "\n" + json);
  };

  const invoke = (command, args, options) =>
    new PagePromise((resolve, reject) => {
      try {
        start(command, args, options, resolve, reject);
      } catch (error) {
        reject(error instanceof SidegateError ? error : invalid(error));
      }
    });

  const invalid = (error) => {
    let why = "the arguments cannot be written as JSON";
    try {
      why = why + ": " + error.message;
    } catch {
      // what was thrown has no message to show
    }
    return new SidegateError("invalid", why);
  };

  const meet = () => {
    const event = new PageMouseEvent(channel, { __proto__: null, relatedTarget: bridge });
    apply(dispatchEvent, window, [event]);
  };
  apply(addEventListener, window, [channel + "?", meet, true]);
  meet();

  const sidegate = freeze({ invoke: freeze(invoke) });
  defineProperty(window, "sidegate", { __proto__: null, value: sidegate, enumerable: true });
}

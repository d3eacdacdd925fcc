// What a page may give as the body of a call, as one kind of thing: something that gives its bytes
// piece by piece when it is asked. It runs before the page does and takes hold of every function
// that it will need; what is the page's own, an iterator's methods, is called as the page made it.
() => {
  "use strict";
  const { apply } = Reflect;
  const { isView } = ArrayBuffer;
  const { asyncIterator } = Symbol;
  const PagePromise = Promise;
  const { then } = Promise.prototype;
  const { slice } = ArrayBuffer.prototype;
  const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get;
  const length = getter(ArrayBuffer.prototype, "byteLength");
  const partsOf = (prototype) => ({
    __proto__: null,
    buffer: getter(prototype, "buffer"),
    offset: getter(prototype, "byteOffset"),
    length: getter(prototype, "byteLength"),
  });
  const ofArray = partsOf(Object.getPrototypeOf(Uint8Array.prototype));
  const ofView = partsOf(DataView.prototype);
  const { getReader } = ReadableStream.prototype;
  const { read, cancel } = ReadableStreamDefaultReader.prototype;

  // { buffer, at, end }; it throws where `value` is neither a buffer nor a view of one
  const piece = (value) => {
    if (!isView(value)) return { __proto__: null, buffer: value, at: 0, end: apply(length, value, []) };
    let parts = ofArray;
    try {
      apply(parts.length, value, []);
    } catch {
      parts = ofView;
    }
    const at = apply(parts.offset, value, []);
    const buffer = apply(parts.buffer, value, []);
    return { __proto__: null, buffer, at, end: at + apply(parts.length, value, []) };
  };

  const pullerOf = (body) => {
    let reader = null;
    try {
      reader = apply(getReader, body, []);
    } catch {
      // not a stream, or one that somebody reads already: the latter has nothing below either
    }
    if (reader !== null) {
      return {
        __proto__: null,
        next: () => apply(read, reader, []),
        stop: () => apply(cancel, reader, []),
      };
    }
    const make = body[asyncIterator];
    if (typeof make !== "function") return null;
    const iterator = apply(make, body, []);
    const { next } = iterator;
    return {
      __proto__: null,
      next: () => apply(next, iterator, []),
      stop: () => iterator.return?.(),
    };
  };

  // Calls `then` with what a page's promise, or value, comes to; `failed` with what goes wrong.
  const settle = (make, settled, failed) => {
    try {
      const promise = new PagePromise((resolve) => resolve(make()));
      apply(then, promise, [settled, failed]);
    } catch (error) {
      failed(error);
    }
  };

  // `pull(most, give, end, fail)` calls one of the three, once: `give` with a buffer of 1 to `most`
  // bytes that nobody else has. `null` for what is no body.
  return (body) => {
    if (body === null || (typeof body !== "object" && typeof body !== "function")) return null;
    let rest = null;
    let puller = null;
    try {
      rest = piece(body);
    } catch {
      puller = pullerOf(body);
      if (puller === null) return null;
    }
    const pull = (most, give, end, fail) => {
      if (rest !== null && rest.at < rest.end) {
        const { buffer, at } = rest;
        rest.at = rest.end - at > most ? at + most : rest.end;
        give(apply(slice, buffer, [at, rest.at]));
      } else if (puller === null) {
        end();
      } else {
        const settled = (result) => {
          try {
            if (result.done) return end();
            rest = piece(result.value);
          } catch (error) {
            return fail(error);
          }
          return pull(most, give, end, fail);
        };
        settle(puller.next, settled, fail);
      }
    };
    const stop = () => {
      if (puller !== null) settle(puller.stop, () => {}, () => {});
    };
    return { __proto__: null, pull, stop };
  };
}

// What the bridge lends: a port for each delegation, whose other end the page hands on. It runs in
// the bridge's world, where the page has no hand in; whoever has the other end may send anything.
// What is asked over a port is called with that delegation's token and no other, and what is
// answered goes to that port alone.
(config, core) => {
  "use strict";
  const { getOwnPropertyDescriptor } = Object;
  const lent = new Map(); // page's number -> { id, token, port, timer, calls, faults }
  const asked = new Map(); // id -> { loan, theirs }

  // --- from the page

  // The page has `port`'s other end once this returns.
  const lend = (number, id, token, expires) => {
    const { port1, port2 } = new MessageChannel();
    const loan = { id, token, port: port1, timer: 0, calls: new Map(), faults: 0 };
    loan.timer = setTimeout(takeBack, expires, number);
    port1.onmessage = ({ data }) => hear(number, loan, data);
    lent.set(number, loan);
    return port2;
  };

  const takeBack = (number) => {
    const loan = lent.get(number);
    if (loan === undefined) return;
    core.tell("r", loan.id);
    end(number, loan);
  };

  const end = (number, loan) => {
    lent.delete(number);
    clearTimeout(loan.timer);
    loan.port.onmessage = null;
    for (const [theirs, id] of loan.calls) {
      asked.delete(id);
      fail(loan, theirs, "denied", "the delegation was taken back");
    }
    loan.calls.clear();
    loan.port.close();
  };

  const endAll = () => {
    for (const [number, loan] of lent) end(number, loan);
  };

  // --- from whoever has the other end

  const hear = (number, loan, data) => {
    if (lent.get(number) !== loan) return;
    const theirs = own(data, "id");
    if (!Number.isSafeInteger(theirs) || theirs < 0) return blame(number, loan);
    if (own(data, "cancel") === true) return cancel(loan, theirs);
    if (loan.calls.has(theirs)) return blame(number, loan);
    const refused = call(loan, theirs, own(data, "command"), own(data, "args"));
    if (refused === null) return undefined;
    fail(loan, theirs, refused[0], refused[1]);
    return blame(number, loan);
  };

  // What is answered here costs the core nothing and this thread something: who goes on without an
  // answer of the core's loses the port.
  const blame = (number, loan) => {
    loan.faults += 1;
    if (loan.faults >= config.maxFaults) takeBack(number);
  };

  // Why not, or null.
  const call = (loan, theirs, command, args) => {
    if (typeof command !== "string") return ["invalid", "a command is a string"];
    if (loan.calls.size >= config.maxDelegatedEach || asked.size >= config.maxDelegated) {
      return ["busy", "too many delegated calls are in flight already"];
    }
    let json = null;
    try {
      json = JSON.stringify({ command, args });
    } catch {
      return ["invalid", "the arguments cannot be written as JSON"];
    }
    const sent = core.call(loan.token, json);
    if (typeof sent !== "number") return sent;
    loan.calls.set(theirs, sent);
    asked.set(sent, { loan, theirs });
    return null;
  };

  const cancel = (loan, theirs) => {
    const id = loan.calls.get(theirs);
    if (id === undefined) return; // answered already, or never asked
    forget(loan, theirs, id);
    core.tell("x", id);
    fail(loan, theirs, "cancelled", "the call was cancelled");
  };

  // --- to it

  // Whether the reply was one to a call over a port.
  const answer = (id, reply, bytes) => {
    const call = asked.get(id);
    if (call === undefined) return false;
    const { loan, theirs } = call;
    forget(loan, theirs, id);
    loan.faults = 0;
    const { ok, error } = JSON.parse(reply);
    if (error !== undefined) fail(loan, theirs, error.code, error.message);
    else loan.port.postMessage({ id: theirs, ok: bytes === undefined ? ok : bytes });
    return true;
  };

  const forget = (loan, theirs, id) => {
    loan.calls.delete(theirs);
    asked.delete(id);
  };

  const fail = (loan, theirs, code, message) =>
    loan.port.postMessage({ id: theirs, error: { code, message } });

  // Of what was sent, a property of its own; of what is no object, none.
  const own = (data, name) =>
    typeof data === "object" && data !== null ? getOwnPropertyDescriptor(data, name)?.value : undefined;

  const inFlight = () => asked.size;
  const count = () => lent.size;
  return { __proto__: null, lend, takeBack, endAll, answer, inFlight, count };
}

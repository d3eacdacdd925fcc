// Runs in the bridge's world at each commit. The user script may not have run yet: a document
// is committed before its root element is there. Then the nonce waits for it.
(nonce) => {
  "use strict";
  const bridge = Object.getOwnPropertyDescriptor(globalThis, "sidegateBridge");
  if (bridge !== undefined) {
    bridge.value.challenge(nonce);
  } else {
    Object.defineProperty(globalThis, "sidegateChallenge", { value: nonce, configurable: true });
  }
}

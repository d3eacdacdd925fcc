    interface CallOptions {
      /** Cancels the call: it then rejects with the code `cancelled`. */
      signal?: AbortSignal | null;
      /** Bytes that go with the call, where its command takes some. */
      body?: ArrayBuffer | ArrayBufferView | ReadableStream | AsyncIterable<ArrayBuffer | ArrayBufferView> | null;
    }

    interface WatchOptions {
      /** Ends it. */
      signal?: AbortSignal | null;
      /** Hears why it has ended, where that was not the page's own doing. */
      ended?: ((why: CallError) => void) | null;
    }

    interface ListenOptions extends WatchOptions {
      /** Where the page is far behind: `close` ends it with the code `lagged`, `latest` leaves out the oldest events. */
      overflow?: "close" | "latest" | null;
    }

    /** What is left to whoever has a delegation's port. */
    interface Narrowing {
      /** Names, or patterns with `*`. */
      commands: string[];
      /** With one of these three, a call has to name such a thing. Patterns as in a capability file. */
      path?: string[];
      url?: string[];
      key?: string[];
      /** Milliseconds from now on, at most 2400000 (which is the default). */
      expires?: number;
      /** How many calls. */
      uses?: number;
    }

    /**
     * Over the port goes `{ id, command, args }`; `{ id, ok }` or `{ id, error: { code, message } }` comes back.
     * `{ id, cancel: true }` cancels.
     */
    interface Delegation {
      /** To be handed on, to one frame or worker. */
      readonly port: MessagePort;
      /** Takes it back: what is in flight is refused, and the port is closed. */
      readonly revoke: () => void;
    }

    interface State {
      /** What a key has; version 0 is that of none. */
      readonly get: (key: string, options?: CallOptions | null) => Promise<{ value: any; version: number }>;
      /** Sets what a key has; with a `version`, only where it still has that one (else `conflict`). */
      readonly set: (
        key: string,
        value: unknown,
        options?: { version?: number | null; signal?: AbortSignal | null } | null,
      ) => Promise<{ version: number }>;
      /** Hears what a key has, and each time that it has something else. */
      readonly watch: (
        key: string,
        handler: (value: any, version: number) => void,
        options?: WatchOptions | null,
      ) => Promise<() => void>;
    }

    /** Why a call came to nothing. */
    interface CallError extends Error {
      readonly name: "SidegateError";
      /**
       * `denied`, `invalid`, `limited`, `busy`, `too_large`, `timeout`, `cancelled`,
       * `unavailable`, `failed`, or a code of the command's own.
       */
      readonly code: string;
    }

    /** The commands that this window may call. */
    interface Commands {

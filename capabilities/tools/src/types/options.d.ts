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

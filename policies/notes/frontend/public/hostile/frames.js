// Looks for a bridge where the host may have left one: in the frames of the page.
import { allowed, end, refused } from './calls.js';

/** A frame of the page's own origin, and one without any. */
export async function sendFrames() {
  const address = new URL('frame.html', location.href).href;
  const script = new URL('frame.js', location.href).href;
  const own = report((frame) => (frame.src = address));
  const sandboxed = report((frame) => {
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.srcdoc = `<script src="${script}"></script>`;
  });
  const outcomes = [await own, await sandboxed];
  return {
    through: outcomes.some(({ through }) => through),
    said: `own origin ${outcomes[0].said}, sandboxed ${outcomes[1].said}`,
  };
}

/** What the script in a frame says of itself. */
async function report(prepare) {
  const frame = document.createElement('iframe');
  frame.className = 'hostile-frame';
  const told = new Promise((resolve) => {
    window.addEventListener('message', ({ source, data }) => {
      if (source === frame.contentWindow && data?.frame) resolve(data.frame);
    });
  });
  prepare(frame);
  document.body.append(frame);
  const answer = await end(told, 2500);
  frame.remove();
  if (!answer.ok) return refused('did not run');
  const { bridge, handlers, answered } = answer.value;
  if (answered) return allowed('answered');
  return refused(bridge || handlers ? 'no answer' : 'no bridge');
}

/**
 * The page's socket, opened before the page's modules are there. Over a long line that saves the two round trips that a socket takes:
 *
 *     openEarly("/lab/ws");               // in the head of the page
 *     handOver();                         // later: the next `new WebSocket` of that address returns that socket
 *
 * What comes before it is handed over is kept, and said again to those who listen by then.
 */

/** Messages that are kept at most; the server sends two before it is asked for anything, and then one each second. */
const MOST = 60;

const NAME = "webmonSocket"; // of the global by which the two scripts of a page know the same socket

/**
 * Opens the socket.
 *
 * @param {string} [path] "" or nothing: the page has none
 * @param {object} [scope] what has the WebSocket and the location: the window
 */
export function openEarly(path, scope = globalThis) {
  if (!path) return;
  try {
    const socket = new scope.WebSocket(new URL(path, scope.location.href).href.replace(/^http/, "ws"));
    socket.binaryType = "arraybuffer";
    const kept = [];
    socket.onmessage = ({data}) => {
      kept.push(data);
      if (kept.length > MOST) socket.close(); // nobody comes for it: a script of the page is missing
    };
    scope[NAME] = {socket, kept};
  } catch {
    // The page opens one itself, and says what is wrong with it.
  }
}

/**
 * Has the next `new WebSocket` return the early socket, if that is for the same address and neither closed nor failed.
 *
 * @param {object} [scope] as above
 */
export function handOver(scope = globalThis) {
  const {socket, kept} = scope[NAME] ?? {};
  delete scope[NAME];
  if (!socket) return;
  const Real = scope.WebSocket;
  scope.WebSocket = class extends Real {
    constructor(url, protocols) {
      scope.WebSocket = Real;
      socket.onmessage = null;
      const usable = socket.readyState === Real.CONNECTING || socket.readyState === Real.OPEN;
      if (!usable || socket.url !== new URL(url, scope.location.href).href) {
        socket.close();
        super(url, protocols);
        return;
      }
      // Whoever asks for a socket listens to it by the end of the task.
      queueMicrotask(() => {
        if (socket.readyState === Real.OPEN) socket.dispatchEvent(new Event("open"));
        for (const data of kept) socket.dispatchEvent(new MessageEvent("message", {data}));
      });
      return socket;
    }
  };
}

// The theme's search runs in a Worker, which browsers refuse to pages that are files. Such pages get a frame in its
// place, in which the same script runs, with the same messages to and fro; pages of a server keep the browser's Worker.
(function () {
  if (location.protocol !== "file:") return;

  class FrameWorker extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      const inside = frame.contentWindow;
      const waiting = [];
      this.deliver = (event) => waiting.push(event);
      inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      inside.importScripts = (...names) => Promise.all(names.map((name) => load(inside, new URL(name, url))));
      load(inside, url).then(() => {
        this.deliver = (event) => inside.dispatchEvent(event);
        waiting.forEach(this.deliver);
      });
    }

    postMessage(data) {
      this.deliver(new MessageEvent("message", { data }));
    }

    terminate() {}
  }

  function load(inside, url) {
    return new Promise((done, failed) => {
      const script = inside.document.createElement("script");
      script.onload = done;
      script.onerror = failed;
      script.src = url;
      inside.document.body.append(script);
    });
  }

  window.Worker = FrameWorker;
})();

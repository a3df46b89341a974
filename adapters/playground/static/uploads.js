// One file up to the server, with progress. Turns every outcome into a value or a sentence; touches no state.
// XMLHttpRequest, because fetch cannot tell how much of an upload has gone out.

/** @import { FileInfo } from "./protocol.js" */

/**
 * @param {File} file
 * @param {(share: number) => void} onProgress  0 to 1
 * @returns {Promise<FileInfo>} rejects with an Error whose message is the server's sentence, or empty
 */
export function upload(file, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/files?name=${encodeURIComponent(file.name || "picture")}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) {
        resolve(JSON.parse(request.responseText));
      } else {
        const type = request.getResponseHeader("Content-Type") ?? "";
        reject(new Error(type.startsWith("text/plain") ? request.responseText.trim().slice(0, 300) : ""));
      }
    });
    request.addEventListener("error", () => reject(new Error("")));
    request.send(file);
  });
}

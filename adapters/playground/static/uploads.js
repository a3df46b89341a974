// One file up to the server, with progress. Turns every outcome into a value or a sentence; touches no state.
// XMLHttpRequest, because fetch cannot tell how much of an upload has gone out.

/** @import { FileInfo } from "./protocol.js" */

/** What ended an upload: a sentence of the server, or an empty one; `final` where trying again would not help. */
export class UploadFailed extends Error {
  /** @param {string} sentence @param {boolean} final */
  constructor(sentence, final) {
    super(sentence);
    this.final = final;
  }
}

/**
 * @param {File} file
 * @param {{as: string, locale: string}} who  for whom it is looked at, and in which language it is spoken of
 * @param {(share: number) => void} onProgress  0 to 1
 * @returns {{done: Promise<FileInfo>, abort: () => void}} `done` rejects with UploadFailed
 */
export function upload(file, who, onProgress) {
  const request = new XMLHttpRequest();
  /** @type {Promise<FileInfo>} */
  const done = new Promise((resolve, reject) => {
    const query = new URLSearchParams({ name: file.name || "picture", ...who });
    request.open("POST", `/files?${query}`);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status >= 200 && request.status < 300) {
        const answer = JSON.parse(request.responseText);
        if (answer.refusal) reject(new UploadFailed(answer.refusal, true));
        else resolve(answer);
      } else {
        const type = request.getResponseHeader("Content-Type") ?? "";
        const sentence = type.startsWith("text/plain") ? request.responseText.trim().slice(0, 300) : "";
        reject(new UploadFailed(sentence, request.status === 413));
      }
    });
    for (const end of ["error", "abort"]) request.addEventListener(end, () => reject(new UploadFailed("", false)));
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}

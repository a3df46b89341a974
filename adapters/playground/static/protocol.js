// The frames that travel between page and server, as types. Mirrors the playground's protocol, nothing more.
// No code: other modules import types from here in their comments.

/** @typedef {{id: string, name: string, color: string}} User */
/** @typedef {{id: string, kind: "group" | "direct", user?: string}} Chat */
/** @typedef {{name: string, hint: string}} Command */
/** @typedef {{files: number, file_bytes: number, text: number, prompt: number}} Limits  files a message, bytes a file, characters of a message and of a prompt */
/** @typedef {{id: string, media_type: string, name: string, width: number | null, height: number | null, size: number, alt?: string}} FileInfo */
/** @typedef {{action: "cancel" | "retry" | "vary" | "edit" | "region" | "delete", job: string, label: string}} Button */
/** @typedef {{id: string, sender: string, text: string, file: string | null, deleted: boolean}} Quote */
/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} chat
 * @property {string} sender  a user's id, or "easel"
 * @property {string} text
 * @property {FileInfo[]} files
 * @property {{url: string} | null} preview
 * @property {Button[]} buttons
 * @property {Quote | null} reply_to
 * @property {string | null} source  the picture that a result was made from, or that a reply is about
 * @property {string} at  ISO 8601
 * @property {boolean} edited
 */
/** @typedef {{available: number, reserved: number, daily: number, price?: string}} Quota  in credits; price: of a picture */
/** @typedef {{message: string, owner: string | null, request: string, at: string, pictures: FileInfo[]}} Result */
/** @typedef {{results: Result[], next: string | null}} GalleryPage */
/**
 * The gallery while it is open: what was asked for, and what has come.
 * @typedef {object} Gallery
 * @property {string} chat
 * @property {string} member  whose results; everybody's where empty
 * @property {string} words  that must occur
 * @property {Result[]} results  newest first
 * @property {string | null} next  where the next page begins; null at the end
 * @property {boolean} loading
 * @property {boolean} failed  the last question had no answer
 */
/** @typedef {{value: string, typed: string, price: string | null, ratio: number | null}} Choice */
/** @typedef {{name: string, chosen: string, ratio: number | null, choices: Choice[]}} Option */
/**
 * What a draft would be, if it were sent.
 * @typedef {object} Estimate
 * @property {string} text  the draft's, as it was when the server read it
 * @property {boolean} paints
 * @property {string | null} price  in words
 * @property {number | null} credits
 * @property {string[]} commands  that its writer may give there
 * @property {Option[]} options
 * @property {{name: string, start: number, end: number}[]} typed  options in the text
 */
/**
 * A message on its way: kept until the server has confirmed its nonce.
 * @typedef {object} Outgoing
 * @property {string} as
 * @property {string} chat
 * @property {string} text
 * @property {FileInfo[]} files
 * @property {string | null} reply_to
 * @property {string | null} reply_file  the one picture of that message that it is about
 * @property {string} nonce
 * @property {string} at  ISO 8601
 * @property {string} [id]  set once the server has named it
 * @property {string} [error]  the server's sentence when it refused
 */
/**
 * A file in the composer.
 * @typedef {object} Attachment
 * @property {string} key
 * @property {string} name
 * @property {"uploading" | "done" | "failed"} state
 * @property {number} progress  0 to 1
 * @property {string} [url]  a blob address for the thumbnail while the page lives
 * @property {FileInfo} [file]
 * @property {string} [error]
 * @property {boolean} [final]  whether trying again would not help
 */
/** @typedef {{text: string, reply_to: string | null, reply_file: string | null, files: Attachment[]}} Draft */

export {};

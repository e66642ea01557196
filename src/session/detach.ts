/** For sessions, most of which know frames: `protocol` and `broker` do not meet there. */
export { detach } from "../broker/detach.ts";

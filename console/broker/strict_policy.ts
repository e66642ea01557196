/**
 * Imported before anything else: the page's policy forbids making code from
 * text, and zod would try (and be reported) before it does without.
 */

import { config } from "zod";

config({ jitless: true });

import { contradictions } from "./contradictions.ts";
import { fieldsSchema } from "./options.ts";

/**
 * The one schema of a whole configuration. Takes numbers and texts such as
 * `"4MiB"`, `"10s"`, `"yes"`; yields a {@link Config}. The broker itself starts
 * without it: it makes the schemas of those options that somebody gives.
 */
export const configSchema = fieldsSchema().superRefine((config, context) => {
  for (const { text, options } of contradictions(config)) {
    context.addIssue({ code: "custom", message: text, path: (options[0] ?? "").split(".") });
  }
});

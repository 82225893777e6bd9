import fc from "fast-check";

const seed = Number((import.meta as unknown as { env: Record<string, string> }).env.FAST_CHECK_SEED);
if (seed) fc.configureGlobal({ seed });

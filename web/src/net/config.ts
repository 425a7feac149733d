// The server's limits. The page works without them: the server checks everything anyway.
import { defaultLimits, type Limits } from "./protocol";

export function readLimits(value: unknown): Limits {
  const given = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const limits = { ...defaultLimits };
  for (const key of Object.keys(limits) as (keyof Limits)[]) {
    const number = given[key];
    if (typeof number === "number" && Number.isFinite(number) && number > 0) limits[key] = number;
  }
  return limits;
}

export async function fetchLimits(): Promise<Limits> {
  try {
    const response = await fetch("/config.json");
    return readLimits(response.ok ? await response.json() : undefined);
  } catch {
    return defaultLimits;
  }
}

/** `url` as a path on this server, or undefined: images are never taken from elsewhere, whatever a message says. */
export function ownAddress(url: string | null | undefined): string | undefined {
  if (!url) return undefined;
  try {
    const parsed = new URL(url, location.origin);
    const web = parsed.protocol === "http:" || parsed.protocol === "https:";
    return web && parsed.origin === location.origin ? parsed.pathname + parsed.search : undefined;
  } catch {
    return undefined;
  }
}

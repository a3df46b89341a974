// The page as a Mini App: Telegram's own script, which must come from telegram.org, and what it is asked for.
// Without it everything works but the closing question; whose page it is says the address.

const SCRIPT = "https://telegram.org/js/telegram-web-app.js";

/** @returns {Promise<any>}  Telegram.WebApp; null where the script does not come */
export function openMiniApp() {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = SCRIPT;
    script.addEventListener("error", () => resolve(null));
    script.addEventListener("load", () => {
      const app = /** @type {any} */ (window).Telegram?.WebApp;
      if (!app) return resolve(null);
      app.ready();
      app.expand();
      if (app.isVersionAtLeast("7.7")) app.disableVerticalSwipes(); // a stroke downwards would close it
      document.documentElement.dataset.theme = app.colorScheme;
      resolve(app);
    });
    document.head.append(script);
  });
}

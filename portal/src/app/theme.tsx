/* Light or dark: the system's choice until the person makes one, which is kept. public/theme.js sets it before the first paint. */
import { Moon, Sun } from "lucide-react";
import { useState } from "react";
import { text } from "../shared/text";

const KEPT = "updraft-theme";

export function ThemeToggle() {
  const [theme, setTheme] = useState(document.documentElement.dataset.theme === "dark" ? "dark" : "light");
  const other = theme === "dark" ? "light" : "dark";
  const change = () => {
    document.documentElement.dataset.theme = other;
    setTheme(other);
    try {
      localStorage.setItem(KEPT, other);
    } catch {
      /* a browser that keeps nothing still changes the page */
    }
  };
  const label = other === "dark" ? text.theme.toDark : text.theme.toLight;
  return (
    <button type="button" className="icon-btn" onClick={change} aria-label={label} title={label}>
      {theme === "dark" ? <Sun size={16} aria-hidden="true" /> : <Moon size={16} aria-hidden="true" />}
    </button>
  );
}

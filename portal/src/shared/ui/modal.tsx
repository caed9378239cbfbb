/* The browser's own dialog: focus stays inside, Escape closes, and no style is injected. */
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";

interface ModalProps {
  title: string;
  onClose: () => void;
  onSubmit: () => void;
  buttons: ReactNode;
  children: ReactNode;
}

export function Modal({ title, onClose, onSubmit, buttons, children }: ModalProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  /* A layout effect: it closes the dialog while that still stands in the page, and so gives the focus back. */
  useLayoutEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} className="modal" aria-labelledby={id} onCancel={(event) => { event.preventDefault(); onClose(); }}>
      <form onSubmit={(event) => { event.preventDefault(); onSubmit(); }}>
        <h2 id={id} className="mb-2 text-[1.07rem]">{title}</h2>
        {children}
        <div className="mt-5 flex flex-wrap justify-end gap-2">{buttons}</div>
      </form>
    </dialog>
  );
}

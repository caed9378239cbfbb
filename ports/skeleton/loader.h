/* A loader over a serial line, for ud_port_recover(): what is left when neither slot holds an authentic image.
 *
 * XMODEM with CRC, which every terminal program sends: blocks of 128 bytes, each acknowledged, the last filled up. The image goes
 * to slot A as it comes, a sector erased when its first block is there. Nothing is judged here: boot verifies the image at
 * the next start, as any other. Power fail, or a sender that gives up: the image is not whole, boot comes back here, and the
 * next transfer begins anew. Stack: 200 bytes.
 */
#ifndef UD_SKELETON_LOADER_H
#define UD_SKELETON_LOADER_H

#include "include/updraft/port.h"

/* Takes one image; polls the line and feeds the watchdog. False: none came in some seconds, it broke off, is larger than
 * slot A, or flash refused it; it may be called again at once. True: reset.
 */
bool ud_skeleton_load(ud_port_t *port);

/* ---- what the board owes: the line, 8 bits, no parity, no flow control, no interrupts ----------------------------- */

/* Takes one byte, waiting at most so long for it; false: none came. The watchdog is longer than any wait here: a second. */
bool ud_skeleton_uart_get(uint8_t *byte, uint32_t wait_ms);

/* Sends one byte. */
void ud_skeleton_uart_put(uint8_t byte);

#endif

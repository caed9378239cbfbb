#include "agent/spare.h"

#include "agent/machine.h"
#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/slot/slot.h"
#include "include/updraft/config.h"

#include <string.h>

_Static_assert(UD_AGENT_PAGE_SIZE % UD_WRITE_SIZE_MAX == 0, "a page is whole words");
_Static_assert(UD_CHUNK_SIZE_MIN % UD_AGENT_PAGE_SIZE == 0 && UD_SECTOR_SIZE_MIN % UD_AGENT_PAGE_SIZE == 0,
               "chunks and sectors are whole pages, but for the last chunk");

/* A page of the slot: what shall stand there, and what does. */
typedef struct {
    uint32_t offset;     /* of the image, bytes */
    const uint8_t *data; /* the chunk; where there is none of it, the flash shall be blank */
    uint32_t size;       /* of it, bytes */
    uint32_t start;      /* of it, in the image */
    uint32_t first;      /* the first run of blank words that are to be programmed begins here... */
    uint32_t end;        /* ...and ends here; both are UD_AGENT_PAGE_SIZE if there is none */
    uint8_t wanted[UD_AGENT_PAGE_SIZE];
    uint8_t flash[UD_AGENT_PAGE_SIZE];
} page_t;

static const ud_area_geometry_t *geometry(const ud_spare_t *spare, const ud_port_t *port)
{
    return ud_port_area(port, (ud_area_t)spare->area);
}

static uint32_t smaller(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

uint32_t ud_spare_anchor_unit(const ud_port_t *port, ud_area_t area, uint32_t chunk_size)
{
    uint32_t sector = ud_port_area(port, area)->sector_size_bytes;
    uint32_t unit = chunk_size > UD_SLOT_UNIT_SIZE_MIN ? chunk_size : UD_SLOT_UNIT_SIZE_MIN;
    return unit > sector ? unit : sector;
}

void ud_spare_begin(ud_spare_t *spare, ud_area_t area, uint32_t base, uint32_t offset, uint32_t suspect_size)
{
    *spare = (ud_spare_t){
        .area = (uint8_t)area,
        .base = base,
        .judged_end = offset,
        .suspect_end = offset + suspect_size,
    };
}

static ud_err_t read_page(const ud_spare_t *spare, ud_port_t *port, page_t *page)
{
    ud_port_watchdog_feed(port);
    return ud_port_flash_read(port, (ud_area_t)spare->area, spare->base + page->offset, page->flash,
                              UD_AGENT_PAGE_SIZE);
}

/* Looks at the page's place. False: a word there can be neither kept nor programmed. */
static bool look(const ud_spare_t *spare, ud_port_t *port, page_t *page)
{
    const ud_area_geometry_t *area = geometry(spare, port);
    uint32_t word = area->write_size_bytes;
    uint32_t at_chunk = page->offset - page->start;
    uint8_t blank[UD_WRITE_SIZE_MAX];
    memset(blank, area->erased_value, sizeof blank);
    memset(page->wanted, area->erased_value, sizeof page->wanted);
    if (at_chunk < page->size) {
        memcpy(page->wanted, page->data + at_chunk, smaller(page->size - at_chunk, UD_AGENT_PAGE_SIZE));
    }
    page->first = UD_AGENT_PAGE_SIZE;
    page->end = UD_AGENT_PAGE_SIZE;
    if (read_page(spare, port, page) != UD_OK) {
        return false;
    }
    for (uint32_t end = UD_AGENT_PAGE_SIZE; end > 0; end -= word) {
        uint32_t at = end - word;
        if (memcmp(page->flash + at, page->wanted + at, word) == 0) {
            continue;
        }
        if (memcmp(page->flash + at, blank, word) != 0) {
            return false;
        }
        page->end = end == page->first ? page->end : end;
        page->first = at;
    }
    return true;
}

/* Looks at all pages of the sector that begins at `page`, and goes behind them. */
static bool sector_fits(const ud_spare_t *spare, ud_port_t *port, page_t *page)
{
    for (uint32_t left = geometry(spare, port)->sector_size_bytes; left > 0; left -= UD_AGENT_PAGE_SIZE) {
        if (!look(spare, port, page)) {
            return false;
        }
        page->offset += UD_AGENT_PAGE_SIZE;
    }
    return true;
}

/* Programs the first run of blank words, if there is one, and looks again. False: a word there cannot be used. */
static bool program(const ud_spare_t *spare, ud_port_t *port, page_t *page)
{
    bool fits = look(spare, port, page);
    uint32_t end = page->end;
    if (!fits || page->first == end) {
        return fits;
    }
    /* What a refused program did shows in what is read back. */
    ud_agent_may_fail(ud_port_flash_program(port, (ud_area_t)spare->area, spare->base + page->offset + page->first,
                                            page->wanted + page->first, end - page->first));
    return look(spare, port, page) && page->first >= end;
}

/* Erases the sector that begins at `page`, and goes behind it. */
static ud_err_t erase(ud_spare_t *spare, ud_port_t *port, page_t *page)
{
    uint32_t end = page->offset + geometry(spare, port)->sector_size_bytes;
    spare->retries = end == spare->judged_end ? (uint8_t)(spare->retries + 1) : 1;
    UD_REQUIRE(spare->retries <= UD_AGENT_SECTOR_RETRIES, UD_ERR_FLASH_WRITE);
    spare->judged_end = end;
    page->start = page->offset;
    page->size = 0;
    ud_port_watchdog_feed(port);
    UD_TRY(ud_port_flash_erase(port, (ud_area_t)spare->area, spare->base + page->offset));
    return sector_fits(spare, port, page) ? UD_OK : UD_ERR_FLASH_ERASE;
}

ud_err_t ud_spare_step(ud_spare_t *spare, ud_port_t *port, uint32_t offset, const uint8_t *data, uint32_t size,
                       ud_spare_progress_t *progress)
{
    page_t page;
    page.offset = offset + spare->written;
    page.start = offset;
    page.data = data;
    page.size = size;
    *progress = UD_SPARE_MORE;
    uint32_t start = page.offset & ~(geometry(spare, port)->sector_size_bytes - 1);
    if (page.offset >= spare->judged_end) {
        if (start >= spare->suspect_end && sector_fits(spare, port, &page)) {
            spare->judged_end = page.offset;
            spare->retries = 0;
            return UD_OK;
        }
    } else if (program(spare, port, &page)) {
        if (page.first < UD_AGENT_PAGE_SIZE) {
            return UD_OK;
        }
        spare->written = (uint16_t)(spare->written + UD_AGENT_PAGE_SIZE);
        if (spare->written >= size) {
            spare->written = 0;
            *progress = UD_SPARE_DONE;
        }
        return UD_OK;
    }
    page.offset = start;
    UD_TRY(erase(spare, port, &page));
    if (start < offset) {
        *progress = UD_SPARE_AGAIN;
        start = offset;
    }
    spare->written = (uint16_t)(start - offset);
    return UD_OK;
}

ud_err_t ud_spare_finish(ud_spare_t *spare, ud_port_t *port, uint32_t image_size)
{
    page_t page;
    uint32_t sector = geometry(spare, port)->sector_size_bytes;
    uint32_t end = smaller(ud_slot_reach(port, image_size), geometry(spare, port)->size_bytes - spare->base);
    for (page.offset = (image_size + sector - 1) & ~(sector - 1); page.offset < end;
         page.offset += UD_AGENT_PAGE_SIZE) {
        if (read_page(spare, port, &page) != UD_OK) {
            page.offset &= ~(sector - 1);
            UD_TRY(erase(spare, port, &page));
            return UD_ERR_WOULD_BLOCK;
        }
    }
    return UD_OK;
}

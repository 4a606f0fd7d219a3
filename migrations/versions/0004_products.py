"""Products, their images, and links to these."""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

OLD_KINDS = "kind IN ('session', 'round', 'story', 'generation')"
NEW_KINDS = "kind IN ('session', 'round', 'story', 'generation', 'product')"
OLD_TARGET = 'image_id IS NOT NULL OR gallery_id IS NOT NULL'
NEW_TARGET = 'image_id IS NOT NULL OR gallery_id IS NOT NULL OR product_id IS NOT NULL'
PRODUCT_CHECKS = {
    'ck_images_product': "(kind = 'product') = (product_id IS NOT NULL)",
    'ck_images_position':
        "CASE WHEN product_id IS NULL THEN position IS NULL"
        " ELSE coalesce(position, 0) BETWEEN 1 AND 8 END",
    'ck_images_product_input':
        "product_id IS NULL OR (visibility = 'private' AND status = 'completed'"
        " AND coalesce(size_bytes, 0) BETWEEN 1 AND 52428800"
        " AND coalesce(width, 0) >= 1 AND coalesce(height, 0) >= 1"
        " AND CAST(width AS BIGINT) * height <= 50000000)",
}


def upgrade():
    """Change the tables."""
    primary = sa.ForeignKeyConstraint(
        ['id', 'primary_image_id'], ['images.product_id', 'images.id'],
        name=op.f('fk_products_primary_image_id_images'), deferrable=True, initially='DEFERRED',
    )
    op.create_table('products',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('owner_id', sa.Uuid(), nullable=False),
    sa.Column('prompt_text', sa.Text(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('primary_image_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('processing_started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('processing_completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('processing_error', sa.Text(), nullable=True),
    sa.CheckConstraint('length(prompt_text) BETWEEN 10 AND 500', name=op.f('ck_products_prompt_text')),
    sa.CheckConstraint("status IN ('uploading', 'processing', 'ready', 'publishing', 'published', 'failed')", name=op.f('ck_products_status')),
    sa.CheckConstraint("status != 'failed' OR processing_error IS NOT NULL", name=op.f('ck_products_failed_why')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_products_owner_id_users'), ondelete='CASCADE'),
    # SQLite lets a table refer to columns that come later, and nothing be added to it afterwards.
    *([primary] if is_sqlite() else []),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_products'))
    )
    op.create_index(op.f('ix_products_owner_id_id'), 'products', ['owner_id', 'id'])
    op.create_table('product_moves',
    sa.Column('product_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('from_status', sa.String(length=16), nullable=True),
    sa.Column('to_status', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['actor_id'], ['users.id'], name=op.f('fk_product_moves_actor_id_users'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_product_moves_product_id_products'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('product_id', 'number', name=op.f('pk_product_moves'))
    )
    op.create_index(op.f('ix_product_moves_actor_id'), 'product_moves', ['actor_id'])
    with op.batch_alter_table('images') as images:
        images.drop_constraint(op.f('ck_images_kind'), type_='check')
        images.add_column(sa.Column('product_id', sa.Uuid(), nullable=True))
        images.add_column(sa.Column('position', sa.Integer(), nullable=True))
        images.create_foreign_key(op.f('fk_images_product_id_products'), 'products', ['product_id'], ['id'], ondelete='CASCADE')
        images.create_unique_constraint(op.f('uq_images_product_id_id'), ['product_id', 'id'])
        images.create_unique_constraint(op.f('uq_images_product_id_position'), ['product_id', 'position'])
        images.create_check_constraint(op.f('ck_images_kind'), NEW_KINDS)
        for name, text in PRODUCT_CHECKS.items():
            images.create_check_constraint(op.f(name), text)
    with op.batch_alter_table('links') as links:
        links.drop_constraint(op.f('ck_links_target'), type_='check')
        links.add_column(sa.Column('product_id', sa.Uuid(), nullable=True))
        links.create_foreign_key(op.f('fk_links_product_id_products'), 'products', ['product_id'], ['id'], ondelete='CASCADE')
        links.create_check_constraint(op.f('ck_links_target'), NEW_TARGET)
        links.create_index(op.f('ix_links_product_id_is_standing_expires_at'), ['product_id', 'is_standing', 'expires_at'])
    if not is_sqlite():
        op.create_foreign_key(
            op.f('fk_products_primary_image_id_images'), 'products', 'images',
            ['id', 'primary_image_id'], ['product_id', 'id'], deferrable=True, initially='DEFERRED',
        )


def downgrade():
    """Take the change back; products go, since the tables before have no room for them."""
    # While SQLite makes tables anew, nothing goes along by itself.
    of_products = "(SELECT id FROM images WHERE product_id IS NOT NULL)"
    for table in ('search_documents', 'embedded_texts', 'generation_requests', 'links'):
        op.execute(f"DELETE FROM {table} WHERE image_id IN {of_products}")
    op.execute("DELETE FROM links WHERE product_id IS NOT NULL")
    op.drop_table('product_moves')
    if not is_sqlite():
        op.drop_constraint(op.f('fk_products_primary_image_id_images'), 'products', type_='foreignkey')
    op.execute("DELETE FROM images WHERE product_id IS NOT NULL")
    with op.batch_alter_table('links') as links:
        links.drop_index(op.f('ix_links_product_id_is_standing_expires_at'))
        links.drop_constraint(op.f('ck_links_target'), type_='check')
        links.drop_constraint(op.f('fk_links_product_id_products'), type_='foreignkey')
        links.drop_column('product_id')
        links.create_check_constraint(op.f('ck_links_target'), OLD_TARGET)
    with op.batch_alter_table('images') as images:
        for name in ('ck_images_kind', *PRODUCT_CHECKS):
            images.drop_constraint(op.f(name), type_='check')
        images.drop_constraint(op.f('uq_images_product_id_position'), type_='unique')
        images.drop_constraint(op.f('uq_images_product_id_id'), type_='unique')
        images.drop_constraint(op.f('fk_images_product_id_products'), type_='foreignkey')
        images.drop_column('position')
        images.drop_column('product_id')
        images.create_check_constraint(op.f('ck_images_kind'), OLD_KINDS)
    op.drop_table('products')


def is_sqlite():
    """Tell whether a changed table is made anew."""
    return op.get_bind().dialect.name == "sqlite"

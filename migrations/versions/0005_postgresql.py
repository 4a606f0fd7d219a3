"""Words without their accents in PostgreSQL's search, and slots that a killed worker left."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# SQLite's index takes accents off and parts words at signs. PostgreSQL's parser takes "black/white"
# for a path, of which "white" is no word, so signs become spaces before it looks.
WORDS = (
    "to_tsvector('simple'::regconfig, regexp_replace(regexp_replace("
    "normalize(body, NFD), '[\u0300-\u036f]', '', 'g'), '[!-/:-@\\[-`{-~]', ' ', 'g'))"
)


def upgrade():
    """Change the tables."""
    with op.batch_alter_table('job_runs', schema=None) as batch_op:
        batch_op.add_column(sa.Column('claimed_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True))
    # Nobody is to do again what was done before there was a note of it.
    op.execute("UPDATE job_runs SET claimed_at = slot, finished_at = slot")
    with op.batch_alter_table('job_runs', schema=None) as batch_op:
        batch_op.alter_column('claimed_at', existing_type=sa.DateTime(timezone=True), nullable=False)

    op.create_index('ix_images_model_id', 'images', ['model', 'id'])
    op.create_index('ix_images_category_id', 'images', ['category', 'id'])
    op.create_index('ix_images_storage_provider_id', 'images', ['storage_provider', 'id'])
    op.create_index('ix_images_storage_key', 'images', ['storage_key'])

    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX search_index")
        op.execute(
            f"ALTER TABLE search_documents ADD words tsvector GENERATED ALWAYS AS ({WORDS}) STORED"
        )
        op.execute("CREATE INDEX search_index ON search_documents USING gin (words)")


def downgrade():
    """Change them back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE search_documents DROP words")
        op.execute(
            "CREATE INDEX search_index ON search_documents"
            " USING gin (to_tsvector('simple', body))"
        )

    op.drop_index('ix_images_storage_key', 'images')
    op.drop_index('ix_images_storage_provider_id', 'images')
    op.drop_index('ix_images_category_id', 'images')
    op.drop_index('ix_images_model_id', 'images')
    with op.batch_alter_table('job_runs', schema=None) as batch_op:
        batch_op.drop_column('finished_at')
        batch_op.drop_column('claimed_at')
